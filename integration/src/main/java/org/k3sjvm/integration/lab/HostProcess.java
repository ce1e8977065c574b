package org.k3sjvm.integration.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process on a host. Any thread may call. */
public final class HostProcess {
  private static final Duration START_LIMIT = Duration.ofSeconds(10);
  private static final Duration DUMP_LIMIT = Duration.ofSeconds(5);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

  private final String name;
  private final Process entry;
  private final ProcessHandle process;
  private final Path log;

  private HostProcess(String name, Process entry, ProcessHandle process, Path log) {
    this.name = name;
    this.entry = entry;
    this.process = process;
    this.log = log;
  }

  /** nsenter forks to enter the process namespace; its child is the process that was asked for. */
  static HostProcess start(String name, ProcessBuilder builder, Path log)
      throws IOException, InterruptedException {
    Process entry = builder.start();
    ProcessHandle child =
        Await.value(
            name + " runs",
            START_LIMIT,
            () ->
                entry.isAlive()
                    ? entry.toHandle().children().findFirst()
                    : Optional.of(entry.toHandle()));
    return new HostProcess(name, entry, child, log);
  }

  /** Its number as seen from outside the host. */
  public long pid() {
    return process.pid();
  }

  /** Everything that it said since the host was made, also in former lives of the same name. */
  public Path log() {
    return log;
  }

  /** The text of {@link #log}. */
  public String said() {
    try {
      return Files.exists(log) ? new String(Files.readAllBytes(log), StandardCharsets.UTF_8) : "";
    } catch (IOException e) {
      throw new LabException("cannot read " + log, e);
    }
  }

  public boolean isAlive() {
    return entry.isAlive();
  }

  /** Asks it to end (SIGTERM) and waits; killed after half a minute. Returns the exit code. */
  public int stop() throws InterruptedException {
    process.destroy();
    if (!entry.waitFor(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      kill();
    }
    return entry.exitValue();
  }

  /** Kills it (SIGKILL), its children go on; returns when it has ended. */
  public void kill() throws InterruptedException {
    process.destroyForcibly();
    entry.waitFor();
  }

  /**
   * Waits for its end.
   *
   * @return the exit code
   * @throws LabException when it still runs after the time
   */
  public int awaitEnd(Duration limit) throws InterruptedException {
    if (!entry.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new LabException(name + " did not end within " + limit.toSeconds() + " s" + tail());
    }
    return entry.exitValue();
  }

  /**
   * Waits until its log has a text that matches.
   *
   * @throws LabException when the time is over or the process has ended without it; the message
   *     holds the end of the log
   */
  public Matcher awaitLog(String regex, Duration limit) throws InterruptedException {
    Pattern pattern = Pattern.compile(regex);
    try {
      Matcher found =
          Await.value(
              name + " says " + regex,
              limit,
              () -> {
                boolean ended = !entry.isAlive();
                Matcher matcher = pattern.matcher(said());
                return matcher.find() || ended ? Optional.of(matcher) : Optional.empty();
              });
      if (!found.reset().find()) {
        throw new LabException(name + " ended before it said " + regex + tail());
      }
      return found;
    } catch (LabException e) {
      throw e.getMessage() != null && e.getMessage().startsWith("waited")
          ? new LabException(e.getMessage() + tail() + threads(), e)
          : e;
    }
  }

  /** Resident memory in bytes; 0 when it has ended. */
  public long residentBytes() {
    return number("VmRSS") * 1024;
  }

  /** Resident memory that no file backs, in bytes; 0 when it has ended. */
  public long anonymousBytes() {
    return number("RssAnon") * 1024;
  }

  void awaitEndQuietly(Duration limit) {
    entry.onExit().completeOnTimeout(entry, limit.toMillis(), TimeUnit.MILLISECONDS).join();
    entry.destroyForcibly();
  }

  private long number(String field) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid() + "/status"))) {
        if (line.startsWith(field + ":")) {
          return Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
      return 0;
    } catch (IOException ended) {
      return 0;
    }
  }

  /** What a Java program that does not come forward is doing, as it says itself when asked. */
  private String threads() throws InterruptedException {
    if (!isAlive() || process.info().command().filter(c -> c.endsWith("/java")).isEmpty()) {
      return "";
    }
    int before = said().length();
    try {
      new ProcessBuilder("kill", "-QUIT", "" + pid()).start().waitFor();
      Await.until("the threads are told", DUMP_LIMIT, () -> said().indexOf("\nHeap", before) > 0);
    } catch (IOException | LabException e) {
      return "\nno threads: " + e.getMessage() + said().substring(before);
    }
    return "\nits threads:\n" + said().substring(before);
  }

  private String tail() {
    String said = said();
    return "; the end of its log:\n" + said.substring(Math.max(0, said.length() - 4000));
  }
}
