package org.k3sjvm.linux.syscall;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.k3sjvm.linux.LinuxException;

/**
 * setns(2) for network namespaces. It moves the calling thread alone, and what that thread opens or
 * starts afterwards, so the thread must be a platform thread that is thrown away.
 */
public final class NamespaceCalls {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int O_RDONLY = 0;

  private static final MethodHandle SETNS =
      Native.bind("setns", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle OPEN =
      Native.bind("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));

  private NamespaceCalls() {}

  /**
   * Moves the calling platform thread into a network namespace.
   *
   * @param namespace such as {@code /run/netns/a}
   */
  public static void enterNetwork(Path namespace) {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("a virtual thread would take its carrier into " + namespace);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      int opened =
          (int) OPEN.invokeExact(state, arena.allocateFrom(namespace.toString()), O_RDONLY);
      int fd = (int) Native.orErrno(opened, state);
      if (fd < 0) {
        throw LinuxException.of("open network namespace " + namespace, -fd);
      }
      int entered = (int) SETNS.invokeExact(state, fd, CLONE_NEWNET);
      int result = (int) Native.orErrno(entered, state);
      SocketCalls.close(fd);
      if (result < 0) {
        throw LinuxException.of("enter network namespace " + namespace, -result);
      }
    } catch (LinuxException e) {
      throw e;
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
