package org.k3sjvm.kubelet.volume;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.volume.VolumeLayout.Plugin;

/** Deletes what belongs to a pod, and nothing that is only mounted there. */
final class Trees {
  private Trees() {}

  /**
   * Deletes a tree without following links and without entering another file system; one that is
   * gone is success.
   */
  static void delete(Path tree) throws IOException {
    if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Object device = deviceOf(Modes.parent(tree));
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            if (!deviceOf(directory).equals(device)) {
              throw new IOException(directory + " lies on another file system and is not deleted");
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException fault)
              throws IOException {
            if (fault != null) {
              throw fault;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /**
   * Deletes a pod's volumes: with their content those that are the pod's own, of others only the
   * empty mount point.
   *
   * @throws DirectoryNotEmptyException when something is still in one of the others
   */
  static void deleteVolumes(Path volumes) throws IOException {
    for (Path plugin : children(volumes)) {
      if (Plugin.ownsContent(String.valueOf(plugin.getFileName()))) {
        delete(plugin);
        continue;
      }
      for (Path volume : children(plugin)) {
        Files.deleteIfExists(volume);
      }
      Files.deleteIfExists(plugin);
    }
    Files.deleteIfExists(volumes);
  }

  /** Deletes the mount points of parts of volumes: volume, container, index. */
  static void deleteSubPaths(Path subPaths) throws IOException {
    for (Path volume : children(subPaths)) {
      for (Path container : children(volume)) {
        for (Path point : children(container)) {
          Files.deleteIfExists(point); // a directory only if empty, a file not if mounted on
        }
        Files.deleteIfExists(container);
      }
      Files.deleteIfExists(volume);
    }
    Files.deleteIfExists(subPaths);
  }

  private static List<Path> children(Path directory) throws IOException {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    try (Stream<Path> list = Files.list(directory)) {
      return list.toList();
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  private static Object deviceOf(Path path) throws IOException {
    return Files.getAttribute(path, "unix:dev", LinkOption.NOFOLLOW_LINKS);
  }
}
