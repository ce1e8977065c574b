package org.k3sjvm.base.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one start leaves to the next, for its owner alone. Whatever is wrong with the file, or with
 * the disk, is told in one line and costs no more than what it remembers. One thread at a time.
 */
public final class KeptFile<T> {
  private static final Logger log = LoggerFactory.getLogger(KeptFile.class);

  /** How far the time of a file may lag behind; a write of few bytes. */
  private static final Duration TOUCH_EVERY = Duration.ofHours(1);

  private final Path file;
  private final int largest;
  private final Codec<T> codec;
  private boolean told;

  /** Turns values into text and back. */
  public interface Codec<T> {
    /** The same text for the same value. */
    String write(T value);

    /**
     * The value of a text.
     *
     * @throws IllegalArgumentException for any text that {@link #write} does not make
     */
    T read(String text);
  }

  /** A value, and when it held last, to the hour. */
  public record Kept<T>(T value, Instant at) {}

  /**
   * A file that need not be there.
   *
   * @param largest the length of the longest text to keep
   */
  public KeptFile(Path file, int largest, Codec<T> codec) {
    this.file = file;
    this.largest = largest;
    this.codec = codec;
  }

  /** What it remembers; empty when there is no such file, or none that can be read. */
  public Optional<Kept<T>> read() {
    try {
      Instant at = Files.getLastModifiedTime(file).toInstant();
      if (Files.size(file) > 2L * largest) {
        throw new IOException("it is larger than any that is written");
      }
      return Optional.of(new Kept<>(codec.read(Files.readString(file)), at));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", e.getMessage())
          .log("what was known before the start cannot be read, doing without");
      return Optional.empty();
    }
  }

  /**
   * Remembers another value; of one too large none at all, and where the disk refuses what it did.
   *
   * @return whether the value is remembered
   */
  public boolean write(T value) {
    try {
      String text = codec.write(value);
      if (text.length() > largest) {
        Files.deleteIfExists(file); // an old one is worse than none
        tell("it would be larger than " + largest + " characters");
        return false;
      }
      if (!AtomicFiles.writeIfChanged(file, text, "rw-------")) {
        touch();
      }
      told = false;
      return true;
    } catch (IOException e) {
      tell(String.valueOf(e.getMessage()));
      return false;
    }
  }

  /** Remembers nothing. */
  public void remove() {
    try {
      Files.deleteIfExists(file);
      told = false;
    } catch (IOException e) {
      tell(String.valueOf(e.getMessage()));
    }
  }

  private void touch() throws IOException {
    Instant now = Instant.now();
    Instant before = Files.getLastModifiedTime(file).toInstant();
    if (before.isAfter(now) || before.isBefore(now.minus(TOUCH_EVERY))) {
      Files.setLastModifiedTime(file, FileTime.from(now));
    }
  }

  /** Once in a row. */
  private void tell(String reason) {
    if (!told) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", reason)
          .log("what is known cannot be kept for the next start");
    }
    told = true;
  }
}
