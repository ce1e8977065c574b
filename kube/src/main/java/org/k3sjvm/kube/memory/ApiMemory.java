package org.k3sjvm.kube.memory;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.secret.Seal;
import org.k3sjvm.base.time.Sleeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * JSON of objects, one sealed file for each. Any thread may call; nothing but a recall waits for
 * the disk. Whatever is wrong with a file costs no more than what it remembers.
 *
 * <p>Only keys and fingerprints are held in memory. Changes are gathered for {@link #GATHER} and
 * written by {@link #run}.
 */
public final class ApiMemory implements Service {
  private static final Logger log = LoggerFactory.getLogger(ApiMemory.class);

  /** How much a power cut may cost. */
  static final Duration GATHER = Duration.ofSeconds(1);

  /** Of one kind. */
  static final int MOST = 1024;

  /** Of one object. API servers take none above 1.5 MiB. */
  static final int LARGEST_BYTES = 3 << 19;

  private static final String ENDING = ".sealed";
  private static final String OWNER_ONLY = "rw-------";

  private record Kept(String fingerprint, String file) {}

  /** A change that is not on disk yet; without text, the thing is to be forgotten. */
  private record Change(String fingerprint, @Nullable String json) {}

  private final Path directory;
  private final Seal seal;
  private final Sleeper sleeper;
  private final Object lock = new Object();

  /** Held while files are read or written, never while somebody only notes a change. */
  private final Object disk = new Object();

  @GuardedBy("lock")
  private final Map<Key, Kept> kept = new HashMap<>();

  @GuardedBy("lock")
  private final Map<Key, Change> pending = new HashMap<>();

  @GuardedBy("lock")
  private final Set<Key> reserved = new HashSet<>();

  @GuardedBy("lock")
  private boolean fullTold;

  @GuardedBy("disk")
  private boolean diskFaultTold;

  private ApiMemory(Path directory, Seal seal, Sleeper sleeper) {
    this.directory = directory;
    this.seal = seal;
    this.sleeper = sleeper;
  }

  /**
   * Opens the memory in a directory, which is made. What cannot be opened with this seal is
   * deleted.
   *
   * @throws IOException when the directory cannot be made or listed
   */
  public static ApiMemory open(Path directory, Seal seal, Sleeper sleeper) throws IOException {
    AtomicFiles.makeDirectory(directory, "rwx------");
    ApiMemory memory = new ApiMemory(directory, seal, sleeper);
    memory.load();
    return memory;
  }

  /** Deletes what such a memory left in a directory. */
  public static void erase(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(directory);
    }
  }

  /**
   * Keeps a thing, unless it is kept with this fingerprint already.
   *
   * @param json asked for at once if it is to be written; what it is made of may change later
   */
  public void keep(Key key, String fingerprint, Supplier<String> json) {
    if (!isWanted(key, fingerprint)) {
      return;
    }
    Change change = new Change(fingerprint, json.get());
    synchronized (lock) {
      pending.put(key, change);
      kept.putIfAbsent(key, new Kept("", fileOf(key)));
      lock.notifyAll();
    }
  }

  /** A thing for which there is a place however many of its kind there are. */
  public void reserve(Key key) {
    synchronized (lock) {
      reserved.add(key);
    }
  }

  private boolean isWanted(Key key, String fingerprint) {
    synchronized (lock) {
      Change waiting = pending.get(key);
      if (waiting != null) {
        return waiting.json() == null || !waiting.fingerprint().equals(fingerprint);
      }
      Kept now = kept.get(key);
      return now == null
          ? reserved.contains(key) || !isFull(key.kind())
          : !now.fingerprint().equals(fingerprint);
    }
  }

  @GuardedBy("lock")
  private boolean isFull(String kind) {
    if (kept.keySet().stream().filter(k -> k.kind().equals(kind)).limit(MOST).count() < MOST) {
      return false;
    }
    (fullTold ? log.atDebug() : log.atWarn())
        .addKeyValue("kind", kind)
        .addKeyValue("most", MOST)
        .log("there is more of a kind than is remembered for a start without a server");
    fullTold = true;
    return true;
  }

  public void forget(Key key) {
    synchronized (lock) {
      if (kept.containsKey(key)) {
        pending.put(key, new Change("", null));
        lock.notifyAll();
      }
    }
  }

  /** Forgets what is not wanted any more. */
  public void retain(Predicate<Key> wanted) {
    synchronized (lock) {
      List.copyOf(kept.keySet()).stream().filter(wanted.negate()).forEach(this::forget);
    }
  }

  /** All that is kept now. */
  public Set<Key> keys() {
    synchronized (lock) {
      return Set.copyOf(kept.keySet());
    }
  }

  /** The fingerprint that a thing is kept with. */
  public Optional<String> fingerprint(Key key) {
    synchronized (lock) {
      return Optional.ofNullable(kept.get(key)).map(Kept::fingerprint);
    }
  }

  /** The JSON of a thing, as it was kept last. */
  public Optional<String> recall(Key key) {
    Change waiting;
    synchronized (lock) {
      waiting = pending.get(key);
      if (waiting == null && !kept.containsKey(key)) {
        return Optional.empty();
      }
    }
    if (waiting != null) {
      return Optional.ofNullable(waiting.json());
    }
    synchronized (disk) {
      return read(fileOf(key)).filter(found -> found.key().equals(key)).map(Found::json);
    }
  }

  /** Every thing of a kind, in order of name. */
  public List<String> recallAll(String kind) {
    List<Key> keys;
    synchronized (lock) {
      keys = kept.keySet().stream().filter(key -> key.kind().equals(kind)).toList();
    }
    return keys.stream()
        .sorted(Comparator.comparing(Key::name))
        .map(this::recall)
        .flatMap(Optional::stream)
        .toList();
  }

  /** Writes what changes until interrupted, and what is left then. */
  @Override
  public void run() throws InterruptedException {
    try {
      while (true) {
        awaitChange();
        sleeper.sleep(GATHER);
        writeChanges();
      }
    } finally {
      writeChanges();
    }
  }

  private void awaitChange() throws InterruptedException {
    synchronized (lock) {
      while (pending.isEmpty()) {
        lock.wait();
      }
    }
  }

  /** One turn of {@link #run}. */
  void writeChanges() {
    synchronized (disk) {
      Map<Key, Change> changes;
      synchronized (lock) {
        changes = Map.copyOf(pending);
      }
      changes.forEach(this::carryOut);
      if (changes.values().stream().anyMatch(change -> change.json() == null)) {
        flush();
      }
    }
  }

  private enum Outcome {
    WRITTEN,
    GONE,
    /** The file, if there is one, is as it was; the next change is written whatever it says. */
    FAILED
  }

  /** A change stays noted until the disk has it, so that a recall never sees less. */
  @GuardedBy("disk")
  private void carryOut(Key key, Change change) {
    String json = change.json();
    Outcome outcome = json == null ? delete(key) : write(key, change.fingerprint(), json);
    synchronized (lock) {
      boolean last = pending.remove(key, change);
      if (outcome == Outcome.GONE && last) {
        kept.remove(key);
      } else {
        String fingerprint = outcome == Outcome.WRITTEN ? change.fingerprint() : "";
        kept.put(key, new Kept(fingerprint, fileOf(key)));
      }
    }
  }

  @GuardedBy("disk")
  private Outcome write(Key key, String fingerprint, String json) {
    byte[] plain = (key.line() + "\n" + fingerprint + "\n" + json).getBytes(StandardCharsets.UTF_8);
    if (plain.length > LARGEST_BYTES) {
      return delete(key);
    }
    String file = fileOf(key);
    try {
      writeWhole(directory.resolve(file), seal.close(plain, file));
      diskFaultTold = false;
      return Outcome.WRITTEN;
    } catch (IOException e) {
      tell(e);
      return Outcome.FAILED;
    }
  }

  @GuardedBy("disk")
  private Outcome delete(Key key) {
    try {
      Files.deleteIfExists(directory.resolve(fileOf(key)));
      return Outcome.GONE;
    } catch (IOException e) {
      tell(e);
      return Outcome.FAILED;
    }
  }

  @GuardedBy("disk")
  private void flush() {
    try {
      AtomicFiles.flushDirectory(directory);
    } catch (IOException e) {
      tell(e);
    }
  }

  /** Once for each trouble with the disk, however many files it concerns. */
  @GuardedBy("disk")
  private void tell(IOException e) {
    (diskFaultTold ? log.atDebug() : log.atWarn())
        .addKeyValue("directory", directory)
        .addKeyValue("reason", e.getMessage())
        .log(
            "cannot keep what the API server says for a start without it; free space there, or"
                + " check that it is writable");
    diskFaultTold = true;
  }

  /** An interrupt closes a file that is being written: it is written again, the interrupt kept. */
  private static void writeWhole(Path path, byte[] bytes) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          AtomicFiles.write(path, bytes, OWNER_ONLY);
          return;
        } catch (ClosedByInterruptException e) {
          interrupted = Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private record Found(Key key, String fingerprint, String json) {}

  private void load() throws IOException {
    List<Path> broken = new ArrayList<>();
    try (DirectoryStream<Path> halves = Files.newDirectoryStream(directory, ".*.tmp")) {
      for (Path half : halves) {
        remove(half);
      }
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + ENDING)) {
      for (Path path : files) {
        String file = String.valueOf(path.getFileName());
        Optional<Found> found =
            Files.size(path) > 2L * LARGEST_BYTES ? Optional.empty() : read(file);
        if (found.isPresent()) {
          synchronized (lock) {
            kept.put(found.get().key(), new Kept(found.get().fingerprint(), file));
          }
        } else {
          broken.add(path);
        }
      }
    }
    if (!broken.isEmpty()) {
      log.atWarn()
          .addKeyValue("directory", directory)
          .addKeyValue("files", broken.size())
          .log("some of what this node remembers cannot be read here, it is forgotten");
      broken.forEach(ApiMemory::remove);
    }
  }

  private static void remove(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      log.atDebug().setCause(e).addKeyValue("path", path).log("a broken memory stays on disk");
    }
  }

  private Optional<Found> read(String file) {
    try {
      byte[] plain = seal.open(Files.readAllBytes(directory.resolve(file)), file);
      String[] lines = new String(plain, StandardCharsets.UTF_8).split("\n", 3);
      return lines.length == 3
          ? Key.parse(lines[0]).map(key -> new Found(key, lines[1], lines[2]))
          : Optional.empty();
    } catch (IOException | Seal.BrokenException e) {
      log.atDebug().setCause(e).addKeyValue("file", file).log("cannot read a memory");
      return Optional.empty();
    }
  }

  private String fileOf(Key key) {
    return seal.nameOf(key.line()) + ENDING;
  }
}
