package org.k3sjvm.linux.syscall;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** mount(2), umount2(2) and statvfs(3). */
public final class FileSystemCalls {
  /** Words of struct statvfs on 64-bit Linux, as {@link #statvfs} returns them. */
  public static final int STATVFS_FRAGMENT_SIZE = 1;

  public static final int STATVFS_BLOCKS = 2;
  public static final int STATVFS_FREE = 3;
  public static final int STATVFS_AVAILABLE = 4;
  public static final int STATVFS_FILES = 5;
  public static final int STATVFS_FILES_FREE = 6;

  private static final int STATVFS_BYTES = 112;
  private static final int STATVFS_WORDS = 8;

  private static final MethodHandle MOUNT =
      Native.bind(
          "mount", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
  private static final MethodHandle UMOUNT2 =
      Native.bind("umount2", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle STATVFS =
      Native.bind("statvfs", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));

  private FileSystemCalls() {}

  public static int mount(String source, String target, String type, long flags, String data) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      int result =
          (int)
              MOUNT.invokeExact(
                  state,
                  arena.allocateFrom(source),
                  arena.allocateFrom(target),
                  arena.allocateFrom(type),
                  flags,
                  arena.allocateFrom(data));
      return (int) Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  public static int unmount(String target, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      int result = (int) UMOUNT2.invokeExact(state, arena.allocateFrom(target), flags);
      return (int) Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** Fills {@code words}, at least 8 long, with the struct; 0 or a negated error number. */
  public static int statvfs(String path, long[] words) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Native.state(arena);
      MemorySegment struct = arena.allocate(STATVFS_BYTES, 8);
      int result = (int) STATVFS.invokeExact(state, arena.allocateFrom(path), struct);
      MemorySegment.copy(struct, JAVA_LONG, 0, words, 0, STATVFS_WORDS);
      return (int) Native.orErrno(result, state);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
