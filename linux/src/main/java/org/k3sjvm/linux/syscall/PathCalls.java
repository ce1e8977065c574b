package org.k3sjvm.linux.syscall;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** openat2(2), which the C library has no function for. */
public final class PathCalls {
  /** The directory of the process: for absolute paths. */
  public static final int AT_FDCWD = -100;

  public static final long RESOLVE_NO_MAGICLINKS = 0x02;
  public static final long RESOLVE_NO_SYMLINKS = 0x04;
  public static final long RESOLVE_BENEATH = 0x08;

  private static final long OPENAT2 = 437; // the same on every architecture
  private static final long O_PATH = 0x200000;
  private static final long O_CLOEXEC = 0x80000;
  private static final long OPEN_HOW_BYTES = 24; // flags, mode, resolve

  private static final MethodHandle SYSCALL =
      Native.bind(
          "syscall",
          FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG));

  private PathCalls() {}

  /** A descriptor that names what is at a path without opening it; or a negated error number. */
  public static int openPath(int directory, String path, long resolve) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      MemorySegment how = arena.allocate(OPEN_HOW_BYTES, Long.BYTES);
      how.setAtIndex(JAVA_LONG, 0, O_PATH | O_CLOEXEC);
      how.setAtIndex(JAVA_LONG, 2, resolve);
      long result =
          (long)
              SYSCALL.invokeExact(
                  state, OPENAT2, directory, arena.allocateFrom(path), how, OPEN_HOW_BYTES);
      return (int) Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
