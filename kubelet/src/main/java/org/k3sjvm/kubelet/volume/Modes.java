package org.k3sjvm.kubelet.volume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.k3sjvm.base.files.AtomicFiles;

/** Permissions with all twelve bits, owners and groups. */
final class Modes {
  static final int DIRECTORY_TYPE = 0040000;
  private static final int TYPE_MASK = 0170000;
  private static final int LINK_TYPE = 0120000;
  static final int PERMISSIONS = 07777;
  private static final int READ_WRITE = 0660;
  private static final int READ_ONLY = 0440;
  private static final int SET_GID_AND_ENTER = 02110;

  private Modes() {}

  /** The directory that a path below a root lies in. */
  static Path parent(Path path) {
    return Objects.requireNonNull(path.getParent());
  }

  /** Sets permissions exactly, whatever the umask. */
  static void set(Path path, int mode) throws IOException {
    Files.setAttribute(path, "unix:mode", mode);
  }

  static int get(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
  }

  static void setOwner(Path path, int uid) throws IOException {
    Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
  }

  static int group(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:gid", LinkOption.NOFOLLOW_LINKS);
  }

  /** Makes a directory of a pod, and its parents, closed to other users. */
  static void makePrivate(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      AtomicFiles.makeDirectory(directory, "rwxr-x---");
    }
  }

  /**
   * Gives a tree to a group. Links keep their targets' modes.
   *
   * <p>Source: kubelet v1.36 pkg/volume/volume_linux.go, changeFilePermission.
   */
  static void giveToGroup(Path tree, int gid, boolean readOnly) throws IOException {
    try (Stream<Path> walk = Files.walk(tree)) {
      for (Path path : (Iterable<Path>) walk::iterator) {
        giveOne(path, gid, readOnly);
      }
    }
  }

  /** As {@link #giveOne}, for writing, of what a descriptor's path leads to. */
  static void giveHeld(Path held, int gid) throws IOException {
    Files.setAttribute(held, "unix:gid", gid);
    int mode = (int) Files.getAttribute(held, "unix:mode");
    boolean directory = (mode & TYPE_MASK) == DIRECTORY_TYPE;
    set(held, (mode & PERMISSIONS) | READ_WRITE | (directory ? SET_GID_AND_ENTER : 0));
  }

  /** {@link #giveToGroup} of one file or directory. */
  static void giveOne(Path path, int gid, boolean readOnly) throws IOException {
    Files.setAttribute(path, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
    int mode = get(path);
    if ((mode & TYPE_MASK) == LINK_TYPE) {
      return;
    }
    int more = readOnly ? READ_ONLY : READ_WRITE;
    if ((mode & TYPE_MASK) == DIRECTORY_TYPE) {
      more |= SET_GID_AND_ENTER;
    }
    set(path, (mode & PERMISSIONS) | more);
  }
}
