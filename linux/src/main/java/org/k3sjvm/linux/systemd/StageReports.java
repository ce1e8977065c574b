package org.k3sjvm.linux.systemd;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager, and so {@code systemctl status}, what the program is doing and why it
 * waits. Telling never fails: who cannot be told is not told. Any thread may call. Source:
 * sd_notify(3), sd_watchdog_enabled(3).
 */
public final class StageReports {
  private static final Logger log = LoggerFactory.getLogger(StageReports.class);

  /** Longer lines are cut: a terminal shows one. */
  private static final int LONGEST = 400;

  private final ServiceManager manager;
  private final Map<String, String> environment;
  private String last = "";
  private Optional<Instant> since = Optional.empty();
  private volatile boolean ready;

  public StageReports(ServiceManager manager, Map<String, String> environment) {
    this.manager = manager;
    this.environment = Map.copyOf(environment);
  }

  /** To the service manager that started this program, if one did. */
  public static StageReports ofThisProcess() {
    Map<String, String> environment = System.getenv();
    return new StageReports(NotifySocket.from(environment), environment);
  }

  /** What is done now, in plain words; the same twice is told once. */
  public void stage(String text) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    String cut = line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
    if (isNews(cut)) {
      tell("STATUS=" + cut + "\n");
    }
  }

  private synchronized boolean isNews(String line) {
    if (line.equals(last)) {
      return false;
    }
    last = line;
    since = Optional.of(Instant.now());
    return true;
  }

  /** What was told last; empty before. */
  public synchronized String current() {
    return last;
  }

  /** Since when it is so. */
  public synchronized Optional<Instant> since() {
    return since;
  }

  /** Whether the program serves. */
  public boolean isReady() {
    return ready;
  }

  /** The program serves. */
  public void ready() {
    ready = true;
    tell(ServiceManager.READY);
  }

  /**
   * Shows a watchdog that this program's threads run, twice as often as it asks; empty when nobody
   * watches.
   */
  public Optional<Service> watchdog(Sleeper sleeper) {
    return period()
        .map(
            period ->
                () -> {
                  while (true) {
                    tell("WATCHDOG=1\n");
                    sleeper.sleep(period);
                  }
                });
  }

  private Optional<Duration> period() {
    String pid = environment.getOrDefault("WATCHDOG_PID", "");
    if (!pid.isEmpty() && !pid.equals(Long.toString(ProcessHandle.current().pid()))) {
      return Optional.empty();
    }
    try {
      long micros = Long.parseLong(environment.getOrDefault("WATCHDOG_USEC", "0"));
      return micros > 0 ? Optional.of(Duration.ofNanos(micros * 1000 / 2)) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private void tell(String state) {
    try {
      manager.tell(state);
    } catch (LinuxException e) {
      log.atDebug().addKeyValue("reason", e.getMessage()).log("the service manager is not told");
    }
  }
}
