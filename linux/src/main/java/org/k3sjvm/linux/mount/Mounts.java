package org.k3sjvm.linux.mount;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Mounts of this process's mount namespace. Paths are absolute. Any thread may call; no call blocks
 * for long, save on a hung network file system. Faults are {@link
 * org.k3sjvm.linux.LinuxException}s.
 */
public interface Mounts {
  /** Mounts a tmpfs on an existing directory. */
  void tmpfs(Path target, TmpfsOptions options);

  /**
   * Binds a file or directory onto an existing one of the same kind, without what is mounted below
   * it.
   */
  void bind(Path source, Path target, BindOptions options);

  /**
   * Mounts a file system as mount(8) does, with the help of its type's program where there is one.
   * May take as long as the server behind it; give it a thread of its own.
   *
   * @param options such as {@code ro} or {@code vers=4.1}
   * @throws org.k3sjvm.linux.LinuxException with the words of mount(8)
   */
  void mount(String source, Path target, String type, List<String> options);

  /**
   * Changes the flags of a bind mount, such as {@code ro}, {@code noexec} or {@code noatime}.
   *
   * @throws org.k3sjvm.linux.LinuxException when an option is none that a bind mount can have
   */
  void restrict(Path target, List<String> options);

  /** Makes the mount that {@code target} lies in, and those below it, shared (rshared). */
  void makeShared(Path target);

  /**
   * Takes away every mount on exactly this path, the topmost first. Succeeds when there is none.
   *
   * @throws org.k3sjvm.linux.LinuxException.Busy when files in it are open; {@link #detach} does
   *     not mind
   */
  void unmount(Path target);

  /** As {@link #unmount}, but lazily: gone at once for new users, and for old ones when done. */
  void detach(Path target);

  /** What is mounted now, in mount order; a path may occur more than once. */
  List<MountPoint> list();

  /** Size and use of the file system that a path lies in. */
  FileSystemUsage usage(Path path);

  /** The topmost mount on exactly this path. */
  default Optional<MountPoint> find(Path target) {
    return list().stream()
        .filter(mount -> mount.target().equals(target))
        .reduce((_, topmost) -> topmost);
  }

  /** Mounts on this path or below it, deepest and topmost first: the order to unmount in. */
  default List<MountPoint> within(Path directory) {
    return list().stream()
        .filter(mount -> mount.target().startsWith(directory))
        .toList()
        .reversed();
  }
}
