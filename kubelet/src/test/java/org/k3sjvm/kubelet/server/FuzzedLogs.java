package org.k3sjvm.kubelet.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.http.Query;

/** Log files, which pods may write to, and how clients ask for them. */
public final class FuzzedLogs implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.bytes("line of a log", FuzzedLogs::line)
            .seeds(
                "2026-01-01T00:00:00.123456789Z stdout F hello",
                "2026-01-01T00:00:00.1+02:00 stderr P:x hello"),
        FuzzTarget.file("log file", "0.log", FuzzedLogs::file)
            .seeds(
                """
                2026-01-01T00:00:00.123456789Z stdout F hello
                2026-01-01T00:00:00.123456789Z stderr P wor
                """),
        FuzzTarget.text(
                "options of a log",
                text -> LogOptions.of(Query.parse(text), Instant.EPOCH),
                ApiError.class,
                IllegalArgumentException.class)
            .seeds("follow=true&tailLines=10&sinceTime=2026-01-01T00%3A00%3A00Z&limitBytes=5")
            .seeds("sinceSeconds=5&stream=Stderr&timestamps=1"));
  }

  private static void line(byte[] line) {
    LogEntry.parse(line, line.length)
        .ifPresent(
            entry -> {
              var _ = entry.timePrefix();
              var _ = entry.isBefore(Instant.EPOCH);
            });
  }

  private static void file(Path path) throws IOException {
    try (LogFile file = new LogFile(path)) {
      file.seekToTail(3);
      while (file.next()) {
        var _ = LogEntry.parse(file.line(), file.lineLength());
      }
    }
  }
}
