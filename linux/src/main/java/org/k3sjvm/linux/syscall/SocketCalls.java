package org.k3sjvm.linux.syscall;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Sockets of the families that Java does not know: netlink, raw ones, and Unix datagrams. None of
 * these calls may block for long, since it would hold a carrier of virtual threads: pass {@link
 * #MSG_DONTWAIT} unless an answer is sure to wait.
 */
public final class SocketCalls {
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int AF_NETLINK = 16;
  public static final int AF_PACKET = 17;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_RAW = 3;
  public static final int SOCK_CLOEXEC = 0x80000;
  public static final int MSG_TRUNC = 0x20;
  public static final int MSG_DONTWAIT = 0x40;

  private static final MethodHandle SOCKET =
      Native.bind("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle BIND =
      Native.bind("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle SETSOCKOPT =
      Native.bind(
          "setsockopt",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle CONNECT =
      Native.bind("connect", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle GETSOCKOPT =
      Native.bind(
          "getsockopt",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle SENDTO =
      Native.bind(
          "sendto",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle RECV =
      Native.bind("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle CLOSE =
      Native.bind("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private SocketCalls() {}

  public static int socket(int family, int type, int protocol) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      return (int) Native.orErrno((int) SOCKET.invokeExact(state, family, type, protocol), state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  public static int bind(int fd, MemorySegment address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      int result = (int) BIND.invokeExact(state, fd, address, (int) address.byteSize());
      return (int) Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** For datagrams: where they go, and whose are taken. Does not wait. */
  public static int connect(int fd, MemorySegment address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      int result = (int) CONNECT.invokeExact(state, fd, address, (int) address.byteSize());
      return (int) Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  public static int setOption(int fd, int level, int option, int value) {
    try (Arena arena = Arena.ofConfined()) {
      return setOption(fd, level, option, arena.allocateFrom(JAVA_INT, value));
    }
  }

  /** As {@link #setOption(int, int, int, int)}, of a structure. */
  public static int setOption(int fd, int level, int option, MemorySegment value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      int result =
          (int) SETSOCKOPT.invokeExact(state, fd, level, option, value, (int) value.byteSize());
      return (int) Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** An option that is a number; none of those asked for is negative. */
  public static int option(int fd, int level, int option) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      MemorySegment word = arena.allocate(JAVA_INT);
      MemorySegment length = arena.allocateFrom(JAVA_INT, Integer.BYTES);
      int result = (int) GETSOCKOPT.invokeExact(state, fd, level, option, word, length);
      return result == 0 ? word.get(JAVA_INT, 0) : (int) Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** Sends one datagram; {@code address} may be {@link MemorySegment#NULL}. */
  public static long send(int fd, MemorySegment data, int flags, MemorySegment address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      long result =
          (long)
              SENDTO.invokeExact(
                  state, fd, data, data.byteSize(), flags, address, (int) address.byteSize());
      return Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** The length of the datagram, also when {@code flags} has MSG_TRUNC and it did not fit. */
  public static long receive(int fd, MemorySegment buffer, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      long result = (long) RECV.invokeExact(state, fd, buffer, buffer.byteSize(), flags);
      return Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  public static int close(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      return (int) Native.orErrno((int) CLOSE.invokeExact(state, fd), state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
