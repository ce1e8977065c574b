package org.k3sjvm.cli.logging;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;

/**
 * The file of {@code --log}. When it is full it is put aside as {@code name-<time>.ext.gz}; three
 * of these are kept, for 28 days. Whatever the disk does, writing never fails, as the program goes
 * on without its log. Source: k3s v1.36 pkg/cli/cmds/log_linux.go and lumberjack v2, which it uses.
 */
final class LogFile extends OutputStream {
  static final long FULL_BYTES = 50 << 20;

  private static final int KEPT = 3;
  private static final Duration KEPT_FOR = Duration.ofDays(28);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH-mm-ss.SSS", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final Path file;
  private final long full;
  private final Clock clock;
  private final Executor tidying;
  private final String stem;
  private final String extension;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private OutputStream out;

  @GuardedBy("lock")
  private long size;

  private LogFile(Path file, long full, Clock clock, Executor tidying) throws IOException {
    this.file = file;
    this.full = full;
    this.clock = clock;
    this.tidying = tidying;
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    this.stem = (dot > 0 ? name.substring(0, dot) : name) + "-";
    this.extension = dot > 0 ? name.substring(dot) : "";
    this.out = append();
    this.size = Files.size(file);
  }

  /**
   * Goes on with a file, or begins it, mode as the umask says.
   *
   * @param full bytes, from which on it is put aside
   * @param tidying compresses and deletes
   * @throws IOException when it cannot be written
   */
  static LogFile open(Path file, long full, Clock clock, Executor tidying) throws IOException {
    Path absolute = file.toAbsolutePath();
    Files.createDirectories(absolute.getParent());
    return new LogFile(absolute, full, clock, tidying);
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int count) {
    synchronized (lock) {
      try {
        if (size > 0 && size + count > full) {
          putAside();
        }
        out.write(bytes, offset, count);
        size += count;
      } catch (IOException e) {
        size += count; // so that a file that was lost is begun anew
      }
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (lock) {
      out.close();
    }
  }

  @GuardedBy("lock")
  private void putAside() throws IOException {
    out.close();
    Path aside = file.resolveSibling(stem + TIME.format(clock.instant()) + extension);
    Files.move(file, aside);
    out = append();
    size = 0;
    tidying.execute(() -> tidy(aside));
  }

  private OutputStream append() throws IOException {
    return Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** Compresses one, and deletes those that are too many or too old. */
  private void tidy(Path aside) {
    try {
      Path compressed = aside.resolveSibling(aside.getFileName() + ".gz");
      try (OutputStream zip = new GZIPOutputStream(Files.newOutputStream(compressed))) {
        Files.copy(aside, zip);
      }
      Files.delete(aside);
      List<Path> old = new ArrayList<>();
      try (DirectoryStream<Path> all =
          Files.newDirectoryStream(
              file.getParent(), path -> isAside(String.valueOf(path.getFileName())))) {
        all.forEach(old::add);
      }
      old.sort(Comparator.reverseOrder()); // names begin alike and go on with the time
      Instant oldest = clock.instant().minus(KEPT_FOR);
      for (int i = 0; i < old.size(); i++) {
        if (i >= KEPT || Files.getLastModifiedTime(old.get(i)).toInstant().isBefore(oldest)) {
          Files.deleteIfExists(old.get(i));
        }
      }
    } catch (IOException e) {
      System.err.println("cannot tidy old files of " + file + ": " + e);
    }
  }

  private boolean isAside(String name) {
    return name.startsWith(stem)
        && name.substring(stem.length())
            .replaceFirst("\\.gz$", "")
            .matches("\\d{4}-\\d\\d-\\d\\dT[\\d.-]{12}" + Pattern.quote(extension));
  }
}
