package org.k3sjvm.kubelet.volume;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.OpenPath;

/**
 * Gives a volume that pods may be writing to a group. Each file is held by descriptor while it
 * changes hands, so that nobody can put a link to a file of the host in its place.
 *
 * <p>Source: kubelet v1.36 pkg/volume/volume_linux.go.
 */
final class Ownership {
  private static final int ROOT_MODE = 02070; // read, write, enter, and files inherit the group

  private Ownership() {}

  /**
   * Gives a tree to a group.
   *
   * @param onlyOnMismatch leave everything as it is when the root is right already
   */
  static void give(Path tree, int gid, boolean onlyOnMismatch) throws IOException {
    if (onlyOnMismatch && fits(tree, gid)) {
      return;
    }
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (!attributes.isSymbolicLink()) {
              giveOne(tree, file, gid);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // deleted meanwhile
          }

          // the root comes last: it then says that all below it is done
          @Override
          public FileVisitResult postVisitDirectory(
              Path directory, @org.jspecify.annotations.Nullable IOException e) throws IOException {
            giveOne(tree, directory, gid);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static boolean fits(Path root, int gid) throws IOException {
    return Modes.group(root) == gid && (Modes.get(root) & ROOT_MODE) == ROOT_MODE;
  }

  private static void giveOne(Path tree, Path path, int gid) throws IOException {
    Path relative = tree.relativize(path);
    String name = relative.toString().isEmpty() ? "." : relative.toString();
    try (OpenPath file = OpenPath.withoutLinks(tree, name)) {
      Modes.giveHeld(file.path(), gid);
    } catch (LinuxException e) {
      // gone, or became a link, which has no permissions of its own
    }
  }
}
