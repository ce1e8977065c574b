package org.k3sjvm.lb;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;

/**
 * The newest answer of each server that was probed. Asking for it begins another probe when the
 * last one is old, so servers that nobody asks about are left alone. Thread-safe.
 */
final class Probes {
  static final Duration PERIOD = Duration.ofSeconds(2);

  private final Probe probe;
  private final InstantSource clock;
  private final ServiceGroup group;
  private final Runnable changed;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<HostPort, Asked> asked = new HashMap<>();

  /**
   * @param fault why it is not {@link Health#OK}
   */
  record Asked(Health health, Optional<String> fault, boolean running, Instant due) {}

  /**
   * @param changed runs when an answer differs from the one before
   */
  Probes(Probe probe, InstantSource clock, ServiceGroup group, Runnable changed) {
    this.probe = probe;
    this.clock = clock;
    this.group = group;
    this.changed = changed;
  }

  /** Never blocks; {@link Health#UNKNOWN} until the first probe has ended. */
  Health of(HostPort server) {
    Asked last;
    synchronized (lock) {
      last =
          asked.getOrDefault(
              server, new Asked(Health.UNKNOWN, Optional.empty(), false, Instant.MIN));
      if (last.running() || clock.instant().isBefore(last.due())) {
        return last.health();
      }
      asked.put(server, new Asked(last.health(), last.fault(), true, last.due()));
    }
    try {
      group.start("probe", () -> ask(server));
    } catch (IllegalStateException e) {
      return Health.UNKNOWN; // closing
    }
    return last.health();
  }

  /** Why the last probe failed; empty when it did not. */
  Optional<String> faultOf(HostPort server) {
    synchronized (lock) {
      Asked last = asked.get(server);
      return last == null ? Optional.empty() : last.fault();
    }
  }

  /** Forgets servers that are no more. */
  void keep(Collection<HostPort> servers) {
    synchronized (lock) {
      asked.keySet().removeIf(server -> !servers.contains(server));
    }
  }

  private void ask(HostPort server) {
    Health found = Health.OK;
    Optional<String> fault = Optional.empty();
    try {
      probe.ask(server);
    } catch (IOException e) {
      found = Health.UNUSABLE;
      fault = Optional.of(Dialer.describe(e));
    } catch (RuntimeException e) {
      found = Health.UNUSABLE; // such as TLS that the JDK stumbles over
      fault = Optional.of(e.toString());
    }
    boolean news;
    synchronized (lock) {
      Asked before =
          asked.put(server, new Asked(found, fault, false, clock.instant().plus(PERIOD)));
      news = before == null || before.health() != found;
    }
    if (news) {
      changed.run();
    }
  }
}
