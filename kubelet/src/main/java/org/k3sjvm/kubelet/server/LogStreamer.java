package org.k3sjvm.kubelet.server;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.k3sjvm.base.time.Sleeper;

/**
 * Writes a container's log, entry by entry, and waits for more of it if asked. Source: kubelet
 * v1.36.3 pkg/kubelet/kuberuntime/logs.
 */
final class LogStreamer {
  private static final Duration SOON = Duration.ofMillis(20);
  private static final Duration LATE = Duration.ofMillis(500);

  private final LogOptions options;
  private final OutputStream out;
  private final Sleeper sleeper;
  private long bytesLeft;
  private long entriesLeft;
  private boolean atLineStart = true;

  LogStreamer(LogOptions options, OutputStream out, Sleeper sleeper) {
    this.options = options;
    this.out = out;
    this.sleeper = sleeper;
    this.bytesLeft = options.limitBytes().orElse(Long.MAX_VALUE);
    this.entriesLeft =
        options.follow() ? Long.MAX_VALUE : options.tailLines().orElse(Long.MAX_VALUE);
  }

  /**
   * Writes until the end asked for; when following, until the container has ended and all of its
   * log is written.
   *
   * @param running whether the container still runs; asked only at the end of the file
   */
  void stream(Path path, BooleanSupplier running) throws IOException, InterruptedException {
    try (LogFile file = new LogFile(path)) {
      if (options.tailLines().isPresent()) {
        file.seekToTail(options.tailLines().getAsLong());
      }
      Duration wait = SOON;
      boolean last = !options.follow();
      while (bytesLeft > 0 && entriesLeft > 0) {
        if (file.next()) {
          write(file.line(), file.lineLength());
          wait = SOON;
          continue;
        }
        out.flush();
        if (options.follow() && file.reopenIfReplaced()) {
          continue;
        }
        if (last) {
          return;
        }
        // What was written just before the end is read once more.
        last = !running.getAsBoolean();
        if (!last) {
          sleeper.sleep(wait);
          wait = wait.multipliedBy(2).compareTo(LATE) < 0 ? wait.multipliedBy(2) : LATE;
        }
      }
    } catch (NoSuchFileException e) {
      throw new ApiError(404, "the container has no log file any more: " + path.getFileName());
    }
  }

  private void write(byte[] bytes, int length) throws IOException {
    entriesLeft--;
    Optional<LogEntry> parsed = LogEntry.parse(bytes, length);
    if (parsed.isEmpty()) {
      return;
    }
    LogEntry entry = parsed.get();
    boolean begins = atLineStart;
    atLineStart = !entry.partial();
    boolean wanted =
        switch (options.stream()) {
          case ALL -> true;
          case STDOUT -> !entry.stderr();
          case STDERR -> entry.stderr();
        };
    if (!wanted || (options.since().isPresent() && entry.isBefore(options.since().get()))) {
      return;
    }
    if (options.timestamps() && begins) {
      byte[] prefix = entry.timePrefix();
      emit(prefix, 0, prefix.length);
    }
    emit(bytes, entry.contentStart(), length - entry.contentStart());
    if (!entry.partial()) {
      emit(NEWLINE, 0, 1);
    }
  }

  private static final byte[] NEWLINE = {'\n'};

  private void emit(byte[] bytes, int offset, int count) throws IOException {
    int allowed = (int) Math.min(count, bytesLeft);
    out.write(bytes, offset, allowed);
    bytesLeft -= allowed;
  }
}
