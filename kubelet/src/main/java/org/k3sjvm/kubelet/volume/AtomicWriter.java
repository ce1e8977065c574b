package org.k3sjvm.kubelet.volume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Changes all files of a volume at one instant, as its readers see it.
 *
 * <p>The files lie in a directory named by time; {@code ..data} links to it, and what users see are
 * links through {@code ..data}. A change is a new directory and a rename of {@code ..data}. A
 * writer that dies in the middle leaves the old files in place, and the next one clears away its
 * rest. Source: kubelet v1.36 pkg/volume/util/atomic_writer.go.
 */
final class AtomicWriter {
  private static final String DATA = "..data";
  private static final String NEW_DATA = "..data_tmp";
  private static final int DIRECTORY_MODE = 0755;
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("'..'uuuu_MM_dd_HH_mm_ss.").withZone(ZoneOffset.UTC);

  private final InstantSource clock;
  private final RandomGenerator random;

  AtomicWriter(InstantSource clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  /** Gives the files their group before anybody sees them. */
  @FunctionalInterface
  interface Finish {
    void on(Path files) throws IOException;
  }

  /**
   * Makes a volume hold exactly these files.
   *
   * @return whether anything changed
   */
  boolean write(Path volume, Payload payload, Finish finish) throws IOException {
    Optional<String> current = link(volume.resolve(DATA));
    Set<String> links = topNames(payload);
    if (current.isPresent()
        && holds(volume.resolve(current.get()), payload)
        && userVisible(volume).equals(links)) {
      return false;
    }
    Path files = newDirectory(volume);
    try {
      fill(files, payload);
      finish.on(files);
      point(volume, files.getFileName().toString());
    } catch (IOException | RuntimeException e) {
      Trees.delete(files);
      throw e;
    }
    addLinks(volume, links);
    removeStale(volume, links);
    removeOldDirectories(volume, files.getFileName().toString());
    return true;
  }

  private Path newDirectory(Path volume) throws IOException {
    String name = STAMP.format(clock.instant()) + Integer.toUnsignedString(random.nextInt());
    Path directory = Files.createDirectory(volume.resolve(name));
    Modes.set(directory, DIRECTORY_MODE);
    return directory;
  }

  private static void fill(Path directory, Payload payload) throws IOException {
    for (var entry : payload.files().entrySet()) {
      Path target = directory.resolve(entry.getKey());
      makeParents(directory, target);
      Files.write(target, entry.getValue().content());
      if (entry.getValue().owner() != Payload.ROOT) {
        Modes.setOwner(target, entry.getValue().owner());
      }
      Modes.set(target, entry.getValue().mode());
    }
  }

  private static void makeParents(Path directory, Path target) throws IOException {
    Path parent = target.getParent();
    if (parent != null && !parent.equals(directory) && Files.notExists(parent)) {
      makeParents(directory, parent);
      Files.createDirectory(parent);
      Modes.set(parent, DIRECTORY_MODE);
    }
  }

  private static void point(Path volume, String name) throws IOException {
    Path beside = volume.resolve(NEW_DATA);
    Files.deleteIfExists(beside);
    Files.createSymbolicLink(beside, Path.of(name));
    Files.move(
        beside,
        volume.resolve(DATA),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private static void addLinks(Path volume, Set<String> names) throws IOException {
    for (String name : names) {
      Path link = volume.resolve(name);
      if (!Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
        Files.createSymbolicLink(link, Path.of(DATA, name));
      }
    }
  }

  private static void removeStale(Path volume, Set<String> names) throws IOException {
    for (String name : userVisible(volume)) {
      if (!names.contains(name)) {
        Files.deleteIfExists(volume.resolve(name));
      }
    }
  }

  private static void removeOldDirectories(Path volume, String current) throws IOException {
    for (String name : names(volume)) {
      if (name.startsWith("..")
          && !List.of(DATA, NEW_DATA, current).contains(name)
          && Files.isDirectory(volume.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
        Trees.delete(volume.resolve(name));
      }
    }
  }

  private static boolean holds(Path files, Payload payload) throws IOException {
    if (!Files.isDirectory(files)) {
      return false;
    }
    Set<String> present;
    try (Stream<Path> walk = Files.walk(files)) {
      present =
          walk.filter(path -> !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
              .map(path -> files.relativize(path).toString())
              .collect(Collectors.toSet());
    }
    if (!present.equals(payload.files().keySet())) {
      return false;
    }
    for (var entry : payload.files().entrySet()) {
      byte[] old = Files.readAllBytes(files.resolve(entry.getKey()));
      if (!Arrays.equals(old, entry.getValue().content())) {
        return false;
      }
    }
    return true;
  }

  private static Optional<String> link(Path path) throws IOException {
    try {
      return Optional.of(Files.readSymbolicLink(path).toString());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static Set<String> topNames(Payload payload) {
    Set<String> names = new TreeSet<>();
    for (String path : payload.files().keySet()) {
      int slash = path.indexOf('/');
      names.add(slash < 0 ? path : path.substring(0, slash));
    }
    return names;
  }

  /** The links that users see; directories beside them are there for mounts. */
  private static Set<String> userVisible(Path volume) throws IOException {
    Set<String> visible = new TreeSet<>(names(volume));
    visible.removeIf(name -> name.startsWith("..") || !Files.isSymbolicLink(volume.resolve(name)));
    return visible;
  }

  private static Set<String> names(Path directory) throws IOException {
    try (Stream<Path> list = Files.list(directory)) {
      return list.map(path -> path.getFileName().toString()).collect(Collectors.toSet());
    }
  }
}
