package org.k3sjvm.linux.mount;

import java.nio.file.Files;
import java.nio.file.Path;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.syscall.PathCalls;
import org.k3sjvm.linux.syscall.SocketCalls;

/**
 * A file or directory that is held by descriptor, so that nobody can put another in its place
 * between a look and a use. Needs Linux 5.6. Source: openat2(2).
 */
public final class OpenPath implements AutoCloseable {
  private final int descriptor;

  private OpenPath(int descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Opens what is at {@code relative} within {@code root}. Symbolic links are followed as long as
   * they stay inside.
   *
   * @throws LinuxException.NotFound when there is nothing
   * @throws LinuxException when the path leaves the root; the number is EXDEV
   */
  public static OpenPath beneath(Path root, String relative) {
    return open(root, relative, PathCalls.RESOLVE_BENEATH | PathCalls.RESOLVE_NO_MAGICLINKS);
  }

  /**
   * As {@link #beneath}, but no symbolic link is followed, not even the last.
   *
   * @throws LinuxException when there is a link; the number is ELOOP
   */
  public static OpenPath withoutLinks(Path root, String relative) {
    return open(root, relative, PathCalls.RESOLVE_BENEATH | PathCalls.RESOLVE_NO_SYMLINKS);
  }

  private static OpenPath open(Path root, String relative, long resolve) {
    int directory = check(root, PathCalls.openPath(PathCalls.AT_FDCWD, root.toString(), 0));
    if (relative.equals(".")) {
      return new OpenPath(directory);
    }
    try {
      int opened = PathCalls.openPath(directory, relative, resolve);
      return new OpenPath(check(root.resolve(relative), opened));
    } finally {
      SocketCalls.close(directory);
    }
  }

  /** A path that leads to this very file until it is closed, for this process only. */
  public Path path() {
    return Path.of("/proc/self/fd/" + descriptor);
  }

  public boolean isDirectory() {
    return Files.isDirectory(path());
  }

  @Override
  public void close() {
    SocketCalls.close(descriptor);
  }

  private static int check(Path path, int result) {
    if (result < 0) {
      throw LinuxException.of("open " + path + " inside its volume", -result);
    }
    return result;
  }
}
