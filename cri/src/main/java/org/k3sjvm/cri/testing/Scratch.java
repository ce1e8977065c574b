package org.k3sjvm.cri.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A directory of a host test's own, short enough for sockets. Closing it ends the processes whose
 * command line names it, with their children, unmounts what is mounted below, and deletes it;
 * making one does the same for the directories of runs that were killed.
 */
public final class Scratch implements AutoCloseable {
  private static final Path PARENT = Path.of("/tmp");
  private static final String PREFIX = "k3sjvm-";
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final Path path;

  private Scratch(Path path) {
    this.path = path;
  }

  /** A new directory; its name holds the process that owns it. */
  public static Scratch create(String name) throws IOException {
    sweep();
    long pid = ProcessHandle.current().pid();
    return new Scratch(
        Files.createDirectory(
            PARENT.resolve(PREFIX + name + "-" + pid + "-" + COUNT.incrementAndGet())));
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    remove(path);
  }

  private static void sweep() throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(PARENT, PREFIX + "*-*-*")) {
      for (Path directory : found) {
        String[] parts = directory.getFileName().toString().split("-", -1);
        Optional<Long> owner = number(parts[parts.length - 2]);
        if (owner.isPresent() && ProcessHandle.of(owner.get()).isEmpty()) {
          remove(directory);
        }
      }
    }
  }

  private static Optional<Long> number(String text) {
    return text.chars().allMatch(c -> c >= '0' && c <= '9') && !text.isEmpty()
        ? Optional.of(Long.valueOf(text))
        : Optional.empty();
  }

  private static void remove(Path directory) throws IOException {
    List<ProcessHandle> ending = new ArrayList<>();
    for (ProcessHandle process : usersOf(directory)) {
      process.descendants().forEach(ending::add);
      ending.add(process);
    }
    ending.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle process : ending) {
      process.onExit().completeOnTimeout(process, 5, TimeUnit.SECONDS).join();
    }
    unmountBelow(directory);
    if (Files.exists(directory)) {
      Files.walkFileTree(directory, DELETE);
    }
  }

  /** A process names the directory in its arguments, as containerd and its shims do. */
  private static List<ProcessHandle> usersOf(Path directory) {
    long self = ProcessHandle.current().pid();
    return ProcessHandle.allProcesses()
        .filter(p -> p.pid() != self && commandLine(p.pid()).contains(directory + "/"))
        .toList();
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException gone) {
      return "";
    }
  }

  private static void unmountBelow(Path directory) throws IOException {
    List<String> points;
    try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mounts"))) {
      points =
          mounts
              .map(line -> line.split(" ", -1)[1])
              .filter(point -> point.startsWith(directory + "/"))
              .sorted(Comparator.reverseOrder())
              .toList();
    }
    for (String point : points) {
      Process umount = new ProcessBuilder("umount", "-l", point).inheritIO().start();
      umount.onExit().completeOnTimeout(umount, 5, TimeUnit.SECONDS).join();
    }
  }

  private static final SimpleFileVisitor<Path> DELETE =
      new SimpleFileVisitor<>() {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
            throws IOException {
          Files.deleteIfExists(file);
          return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(
            Path directory, @org.jspecify.annotations.Nullable IOException fault)
            throws IOException {
          Files.deleteIfExists(directory);
          return FileVisitResult.CONTINUE;
        }
      };
}
