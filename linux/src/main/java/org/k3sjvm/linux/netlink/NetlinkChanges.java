package org.k3sjvm.linux.netlink;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.ReentrantLock;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.NetworkChanges;
import org.k3sjvm.linux.syscall.SocketCalls;

/** A subscription to link and address events, read without ever waiting. */
final class NetlinkChanges implements NetworkChanges {
  /** RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR. */
  private static final int GROUPS = 0x1 | 0x10 | 0x100;

  private static final int BUFFER_BYTES = 64; // whether there is a datagram is all that counts

  private final int fd;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private boolean closed;

  private NetlinkChanges(int fd) {
    this.fd = fd;
  }

  static NetlinkChanges open() {
    int fd = NetlinkSocket.openDescriptor(NetlinkSocket.ROUTE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(12, 4); // struct sockaddr_nl
      address.set(ValueLayout.JAVA_SHORT, 0, (short) SocketCalls.AF_NETLINK);
      address.set(ValueLayout.JAVA_INT, 8, GROUPS);
      int result = SocketCalls.bind(fd, address);
      if (result < 0) {
        SocketCalls.close(fd);
        throw LinuxException.of("watch the host's links", -result);
      }
    }
    return new NetlinkChanges(fd);
  }

  /** ENOBUFS says that events were lost: something has changed. */
  @Override
  public boolean changed() {
    lock.lock();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(BUFFER_BYTES);
      boolean changed = false;
      while (!closed) {
        long result = SocketCalls.receive(fd, buffer, SocketCalls.MSG_DONTWAIT);
        if (result == -Errno.EAGAIN) {
          return changed;
        }
        if (result < 0 && result != -Errno.ENOBUFS && result != -Errno.EINTR) {
          throw LinuxException.of("watch the host's links", Math.toIntExact(-result));
        }
        changed |= result != -Errno.EINTR;
      }
      return changed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        SocketCalls.close(fd);
      }
    } finally {
      lock.unlock();
    }
  }
}
