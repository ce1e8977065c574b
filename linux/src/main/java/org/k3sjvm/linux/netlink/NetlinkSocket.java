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
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.syscall.SocketCalls;

/**
 * A socket for requests of one netlink protocol, one at a time. The kernel handles a request while
 * it is sent, so its answer is there when send returns and nothing ever waits.
 */
final class NetlinkSocket implements AutoCloseable {
  static final int ROUTE = 0; // NETLINK_ROUTE
  static final int NETFILTER = 12; // NETLINK_NETFILTER
  static final int GENERIC = 16; // NETLINK_GENERIC

  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_CAP_ACK = 10;
  private static final int NETLINK_EXT_ACK = 11;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVBUF = 8;
  private static final int SO_SNDBUFFORCE = 32;

  private static final int TYPE_ERROR = 2;
  private static final int TYPE_DONE = 3;
  private static final int FLAG_DUMP_INTERRUPTED = 0x10;
  private static final int FLAG_CAPPED = 0x100;
  private static final int FLAG_EXTENDED_ACK = 0x200;
  private static final int EXTENDED_ACK_MESSAGE = 1;

  private static final int BUFFER_BYTES = 64 << 10; // a part of a dump has at most 32 KiB
  private static final int KERNEL_BUFFER_BYTES = 1 << 20;
  private static final int SEND_BUFFER_BYTES = 128 << 10; // above, each batch asks for its own
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

  /**
   * Opens a socket in the network namespace of the calling thread.
   *
   * @param protocol {@link #ROUTE}, {@link #NETFILTER} or {@link #GENERIC}
   */
  static NetlinkSocket open(int protocol) {
    int fd = openDescriptor(protocol);
    SocketCalls.setOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1); // only makes messages better
    SocketCalls.setOption(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1); // refusals do not repeat 64 KiB
    return new NetlinkSocket(fd);
  }

  static int openDescriptor(int protocol) {
    int fd =
        SocketCalls.socket(
            SocketCalls.AF_NETLINK, SocketCalls.SOCK_RAW | SocketCalls.SOCK_CLOEXEC, protocol);
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

  /** As {@link #ask} for a dump of any size: each message is seen once and not kept. */
  void stream(String attempt, byte[] message, Consumer<ByteBuffer> each) {
    lock.lock();
    try {
      receive(attempt, transmit(attempt, message), each);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sends a batch, which the kernel carries out whole or not at all. Its messages are numbered from
   * the first; only refusals are answered.
   *
   * @param messages one behind the other, each aligned
   * @param name says which of them, by its place, was refused
   */
  void sendBatch(String attempt, byte[] messages, IntFunction<String> name) {
    lock.lock();
    try (Arena once = Arena.ofConfined()) {
      checkOpen(attempt);
      ByteBuffer buffer = ByteBuffer.wrap(messages).order(ByteOrder.nativeOrder());
      int first = sequence + 1;
      for (int at = 0; at < messages.length; at += (buffer.getInt(at) + 3) / 4 * 4) {
        buffer.putInt(at + 8, ++sequence);
      }
      if (messages.length > SEND_BUFFER_BYTES) {
        SocketCalls.setOption(fd, SOL_SOCKET, SO_SNDBUFFORCE, messages.length);
      }
      MemorySegment request = once.allocate(messages.length, 8);
      MemorySegment.copy(messages, 0, request, ValueLayout.JAVA_BYTE, 0, messages.length);
      transmit(attempt, request);
      awaitRefusals(attempt, first, name);
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
        arena.close();
      }
    } finally {
      lock.unlock();
    }
  }

  /** What came; {@code interrupted} says that the tables changed while they were read. */
  private record Answer(List<ByteBuffer> messages, boolean interrupted) {}

  private Answer exchange(String attempt, byte[] message) {
    List<ByteBuffer> messages = new ArrayList<>();
    lock.lock();
    try {
      boolean interrupted = receive(attempt, transmit(attempt, message), messages::add);
      return new Answer(messages, interrupted);
    } finally {
      lock.unlock();
    }
  }

  /** Sends a request; its number. */
  @GuardedBy("lock")
  private int transmit(String attempt, byte[] message) {
    checkOpen(attempt);
    int number = ++sequence;
    MemorySegment request = buffer.asSlice(0, message.length);
    MemorySegment.copy(message, 0, request, ValueLayout.JAVA_BYTE, 0, message.length);
    request.set(ValueLayout.JAVA_INT, 8, number);
    transmit(attempt, request);
    return number;
  }

  @GuardedBy("lock")
  private void transmit(String attempt, MemorySegment request) {
    long sent;
    do {
      sent = SocketCalls.send(fd, request, SocketCalls.MSG_DONTWAIT, MemorySegment.NULL);
    } while (sent == -Errno.EINTR);
    if (sent < 0) {
      throw LinuxException.of(attempt, Math.toIntExact(-sent));
    }
  }

  @GuardedBy("lock")
  private void checkOpen(String attempt) {
    if (closed) {
      throw new IllegalStateException("cannot " + attempt + ": the netlink socket is closed");
    }
  }

  /** Reads all that waits; the first refusal of ours is thrown when nothing is left. */
  @GuardedBy("lock")
  private void awaitRefusals(String attempt, int first, IntFunction<String> name) {
    LinuxException refusal = null;
    boolean lost = false;
    while (true) {
      long length =
          SocketCalls.receive(fd, buffer, SocketCalls.MSG_DONTWAIT | SocketCalls.MSG_TRUNC);
      if (length == -Errno.EAGAIN) {
        break;
      }
      lost |= length == -Errno.ENOBUFS; // so many refusals that they did not fit
      if (length < 0 && length != -Errno.EINTR && length != -Errno.ENOBUFS) {
        throw LinuxException.of(attempt, Math.toIntExact(-length));
      }
      if (length < Message.HEADER_BYTES || refusal != null) {
        continue;
      }
      ByteBuffer message = datagram(Math.min(length, BUFFER_BYTES));
      int place = message.getInt(8) - first;
      if (place >= 0 && Short.toUnsignedInt(message.getShort(4)) == TYPE_ERROR) {
        int flags = Short.toUnsignedInt(message.getShort(6));
        try {
          acknowledge(attempt + ", " + name.apply(place), message, flags);
        } catch (LinuxException e) {
          refusal = e;
        }
      }
    }
    if (refusal != null) {
      throw refusal;
    }
    if (lost) {
      throw LinuxException.of(attempt, Errno.ENOBUFS);
    }
  }

  /** Reads the answer to a request; whether the tables changed while they were read. */
  @GuardedBy("lock")
  private boolean receive(String attempt, int expected, Consumer<ByteBuffer> each) {
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
          if (length >= Message.HEADER_BYTES + 4) {
            acknowledge(attempt, one, 0);
          }
          return interrupted;
        }
        if (type == TYPE_ERROR) {
          acknowledge(attempt, one, flags);
          return interrupted;
        }
        each.accept(one);
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
    return datagram(length);
  }

  private ByteBuffer datagram(long length) {
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
