package org.k3sjvm.linux.netlink;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.syscall.SocketCalls;

/**
 * A socket for requests, one at a time. The kernel handles a request while it is sent, so its
 * answer is there when send returns and nothing ever waits.
 */
final class NetlinkSocket implements AutoCloseable {
  private static final int NETLINK_ROUTE = 0;
  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_EXT_ACK = 11;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVBUF = 8;

  private static final int TYPE_ERROR = 2;
  private static final int TYPE_DONE = 3;
  private static final int FLAG_DUMP_INTERRUPTED = 0x10;
  private static final int FLAG_CAPPED = 0x100;
  private static final int FLAG_EXTENDED_ACK = 0x200;
  private static final int EXTENDED_ACK_MESSAGE = 1;

  private static final int BUFFER_BYTES = 64 << 10; // a part of a dump has at most 32 KiB
  private static final int KERNEL_BUFFER_BYTES = 1 << 20;
  private static final int DUMP_TRIES = 10;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);
  private final ReentrantLock lock = new ReentrantLock();
  private final int fd;

  @GuardedBy("lock")
  private int sequence;

  @GuardedBy("lock")
  private boolean closed;

  private NetlinkSocket(int fd) {
    this.fd = fd;
  }

  /** Opens a socket in the network namespace of the calling thread. */
  static NetlinkSocket open() {
    int fd = openDescriptor();
    SocketCalls.setOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1); // only makes messages better
    return new NetlinkSocket(fd);
  }

  static int openDescriptor() {
    int fd =
        SocketCalls.socket(
            SocketCalls.AF_NETLINK, SocketCalls.SOCK_RAW | SocketCalls.SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) {
      throw LinuxException.of("open a netlink socket", -fd);
    }
    SocketCalls.setOption(fd, SOL_SOCKET, SO_RCVBUF, KERNEL_BUFFER_BYTES);
    return fd;
  }

  /** Sends a request that is answered by an acknowledgement. */
  void send(String attempt, byte[] message) {
    exchange(attempt, message);
  }

  /**
   * Sends a request that is answered by messages.
   *
   * @return their bodies, each with its 16 byte header
   */
  List<ByteBuffer> ask(String attempt, byte[] message) {
    for (int i = 0; i < DUMP_TRIES; i++) {
      Answer answer = exchange(attempt, message);
      if (!answer.interrupted()) {
        return answer.messages();
      }
    }
    throw LinuxException.of(attempt, Errno.EBUSY, "it changes faster than it can be read");
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        SocketCalls.close(fd);
        arena.close();
      }
    } finally {
      lock.unlock();
    }
  }

  /** What came; {@code interrupted} says that the tables changed while they were read. */
  private record Answer(List<ByteBuffer> messages, boolean interrupted) {}

  private Answer exchange(String attempt, byte[] message) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("cannot " + attempt + ": the netlink socket is closed");
      }
      int expected = ++sequence;
      MemorySegment request = buffer.asSlice(0, message.length);
      MemorySegment.copy(message, 0, request, ValueLayout.JAVA_BYTE, 0, message.length);
      request.set(ValueLayout.JAVA_INT, 8, expected);
      long sent;
      do {
        sent = SocketCalls.send(fd, request, SocketCalls.MSG_DONTWAIT, MemorySegment.NULL);
      } while (sent == -Errno.EINTR);
      if (sent < 0) {
        throw LinuxException.of(attempt, Math.toIntExact(-sent));
      }
      return receive(attempt, expected);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private Answer receive(String attempt, int expected) {
    List<ByteBuffer> messages = new ArrayList<>();
    boolean interrupted = false;
    while (true) {
      ByteBuffer datagram = receiveDatagram(attempt);
      while (datagram.remaining() >= Message.HEADER_BYTES) {
        int start = datagram.position();
        int length = datagram.getInt(start);
        int type = Short.toUnsignedInt(datagram.getShort(start + 4));
        int flags = Short.toUnsignedInt(datagram.getShort(start + 6));
        boolean ours = datagram.getInt(start + 8) == expected;
        if (length < Message.HEADER_BYTES || start + length > datagram.limit()) {
          throw LinuxException.of(attempt, Errno.EIO, "a netlink message was cut short");
        }
        ByteBuffer one = datagram.slice(start, length).order(ByteOrder.nativeOrder());
        datagram.position(Math.min(datagram.limit(), start + (length + 3) / 4 * 4));
        if (!ours) {
          continue; // the late answer of a request that was given up
        }
        interrupted |= (flags & FLAG_DUMP_INTERRUPTED) != 0;
        if (type == TYPE_DONE) {
          return new Answer(messages, interrupted);
        }
        if (type == TYPE_ERROR) {
          acknowledge(attempt, one, flags);
          return new Answer(messages, interrupted);
        }
        messages.add(one);
      }
    }
  }

  private ByteBuffer receiveDatagram(String attempt) {
    long length;
    do {
      length = SocketCalls.receive(fd, buffer, SocketCalls.MSG_DONTWAIT | SocketCalls.MSG_TRUNC);
    } while (length == -Errno.EINTR);
    if (length < 0) {
      throw LinuxException.of(attempt, Math.toIntExact(-length), "the kernel did not answer");
    }
    if (length > BUFFER_BYTES) {
      throw LinuxException.of(attempt, Errno.ENOBUFS, "an answer of " + length + " bytes");
    }
    return ByteBuffer.wrap(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE))
        .order(ByteOrder.nativeOrder());
  }

  private static void acknowledge(String attempt, ByteBuffer message, int flags) {
    int errno = -message.getInt(Message.HEADER_BYTES);
    if (errno == 0) {
      return;
    }
    String detail = "";
    if ((flags & FLAG_EXTENDED_ACK) != 0) {
      int echoed =
          (flags & FLAG_CAPPED) != 0
              ? Message.HEADER_BYTES
              : message.getInt(Message.HEADER_BYTES + 4);
      int offset = Message.HEADER_BYTES + 4 + (echoed + 3) / 4 * 4;
      if (offset <= message.limit()) {
        detail = new Attributes(message.position(offset)).text(EXTENDED_ACK_MESSAGE).orElse("");
      }
    }
    throw LinuxException.of(attempt, errno, detail);
  }
}
