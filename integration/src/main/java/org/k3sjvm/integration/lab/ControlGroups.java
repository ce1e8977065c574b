package org.k3sjvm.integration.lab;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Removes the control groups of hosts that have ended. */
final class ControlGroups {
  static final String PREFIX = "k3sjvm-lab-";
  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final Pattern OWNER = Pattern.compile(PREFIX + "(?<pid>\\d+)-.*");

  private ControlGroups() {}

  /**
   * @param list a file with a directory on each line
   */
  static void remove(Path list) {
    try {
      if (Files.exists(list)) {
        for (String directory : Files.readAllLines(list)) {
          removeTree(Path.of(directory));
        }
      }
    } catch (IOException e) {
      throw new LabException("cannot read " + list, e);
    }
  }

  /** Those of tests that were killed: their hosts have ended, their groups are empty. */
  static void removeLeftovers() {
    try {
      Files.walkFileTree(
          ROOT,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(
                Path directory, BasicFileAttributes attributes) {
              Matcher owner = OWNER.matcher(String.valueOf(directory.getFileName()));
              if (!owner.matches()) {
                return FileVisitResult.CONTINUE;
              }
              if (ProcessHandle.of(Long.parseLong(owner.group("pid"))).isEmpty()) {
                removeTree(directory);
              }
              return FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) {
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new LabException("cannot look through " + ROOT, e);
    }
  }

  /** Directories only: a control group's files go with it. One that is in use stays. */
  private static void removeTree(Path group) {
    try {
      Files.walkFileTree(
          group,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) {
              // rmdir, not a recursive delete: Files.delete does the same for a directory.
              directory.toFile().delete();
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new LabException("cannot remove " + group, e);
    }
  }
}
