package org.k3sjvm.kubelet.probe;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Probe;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.kubelet.pod.ContainerSpec;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.ObservedContainer;
import org.k3sjvm.kubelet.pod.ObservedPod;
import org.k3sjvm.kubelet.pod.ObservedSandbox;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.ProbeVerdicts;

/**
 * A virtual thread for each probe of each running container; it ends with the container. Liveness
 * and readiness wait for start-up; a liveness or start-up failure is final for that run.
 */
public final class Prober implements ProbeVerdicts, AutoCloseable {
  /** Is told of changed verdicts and of failures. */
  @FunctionalInterface
  public interface Listener {
    void probed(DesiredPod pod, Optional<PodEvent> event);
  }

  private static final Duration STARTUP_POLL = Duration.ofMillis(200);

  private record Key(ContainerId container, Kind kind) {}

  private record Running(Thread thread, DesiredPod pod) {}

  private final Checks checks;
  private final Listener listener;
  private final InstantSource clock;
  private final Sleeper sleeper;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<Key, Running> threads = new HashMap<>();

  @GuardedBy("lock")
  private final Map<Key, Tally> tallies = new HashMap<>();

  @GuardedBy("lock")
  private boolean closed;

  public Prober(Checks checks, Listener listener, InstantSource clock, Sleeper sleeper) {
    this.checks = checks;
    this.listener = listener;
    this.clock = clock;
    this.sleeper = sleeper;
  }

  @Override
  public Verdict verdict(ContainerId container, Kind kind) {
    synchronized (lock) {
      return tallies.getOrDefault(new Key(container, kind), Tally.NONE).verdict();
    }
  }

  @Override
  public void follow(DesiredPod pod, ObservedPod observed, boolean ending) {
    synchronized (lock) {
      threads.entrySet().stream()
          .filter(e -> e.getValue().pod().uid().equals(pod.uid()))
          .filter(e -> !wanted(e.getKey(), observed, ending))
          .toList()
          .forEach(e -> end(e.getKey()));
      if (ending || closed) {
        return;
      }
      for (ContainerSpec spec : pod.containers()) {
        for (Kind kind : Kind.values()) {
          Probe probe = probe(spec, kind);
          Optional<ObservedContainer> is =
              observed.newest(spec.name()).filter(ObservedContainer::running);
          if (probe != null && is.isPresent()) {
            begin(pod, spec, kind, probe, is.get(), ips(pod, observed));
          }
        }
      }
    }
  }

  @Override
  public void close() {
    List<Thread> ending;
    synchronized (lock) {
      closed = true;
      ending = new ArrayList<>(threads.values().stream().map(Running::thread).toList());
      threads.clear();
      ending.forEach(Thread::interrupt);
    }
    boolean interrupted = false;
    for (Thread thread : ending) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @GuardedBy("lock")
  private void begin(
      DesiredPod pod,
      ContainerSpec spec,
      Kind kind,
      Probe probe,
      ObservedContainer is,
      List<String> podIps) {
    Key key = new Key(is.id(), kind);
    if (threads.containsKey(key)) {
      return;
    }
    tallies.put(key, Tally.NONE);
    Thread thread =
        Thread.ofVirtual()
            .name("probe/" + pod.fullName() + "/" + spec.name() + "/" + kind)
            .unstarted(() -> run(pod, spec, key, probe, is, podIps));
    threads.put(key, new Running(thread, pod));
    thread.start();
  }

  @GuardedBy("lock")
  private void end(Key key) {
    Running running = threads.remove(key);
    tallies.remove(key);
    if (running != null) {
      running.thread().interrupt();
    }
  }

  private static boolean wanted(Key key, ObservedPod observed, boolean ending) {
    boolean runs =
        observed.containers().stream().anyMatch(c -> c.id().equals(key.container()) && c.running());
    return runs && !(ending && key.kind() != Kind.READINESS);
  }

  private void run(
      DesiredPod pod,
      ContainerSpec spec,
      Key key,
      Probe probe,
      ObservedContainer is,
      List<String> podIps) {
    try {
      Instant first =
          is.startedAt()
              .orElse(is.createdAt())
              .plus(Checks.seconds(probe.getInitialDelaySeconds(), 0));
      sleeper.sleep(Duration.between(clock.instant(), first));
      awaitStartup(spec, key);
      while (true) {
        Answer answer = checks.ask(probe, key.container(), spec.container(), podIps);
        Verdict verdict = count(pod, spec, key, probe, answer);
        boolean up = key.kind() == Kind.STARTUP && verdict != Verdict.UNKNOWN;
        boolean dead = key.kind() == Kind.LIVENESS && verdict == Verdict.FAILURE;
        if (up || dead) {
          return;
        }
        sleeper.sleep(Checks.seconds(probe.getPeriodSeconds(), 10));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitStartup(ContainerSpec spec, Key key) throws InterruptedException {
    if (key.kind() == Kind.STARTUP || probe(spec, Kind.STARTUP) == null) {
      return;
    }
    while (verdict(key.container(), Kind.STARTUP) != Verdict.SUCCESS) {
      sleeper.sleep(STARTUP_POLL);
    }
  }

  private Verdict count(DesiredPod pod, ContainerSpec spec, Key key, Probe probe, Answer answer) {
    String kind = name(key.kind());
    Optional<PodEvent> event =
        switch (answer) {
          case Answer.Good _ -> Optional.empty();
          case Answer.Bad(String output) ->
              Optional.of(
                  PodEvent.warning("Unhealthy", kind + " probe failed: " + output).of(spec));
          case Answer.Unsure(String why) ->
              Optional.of(PodEvent.warning("Unhealthy", kind + " probe errored: " + why).of(spec));
        };
    Verdict before;
    Verdict after;
    synchronized (lock) {
      Tally tally = tallies.get(key);
      if (tally == null) {
        return Verdict.UNKNOWN;
      }
      before = tally.verdict();
      if (!(answer instanceof Answer.Unsure)) {
        tally =
            tally.with(
                answer instanceof Answer.Good,
                threshold(probe.getSuccessThreshold(), 1),
                threshold(probe.getFailureThreshold(), 3));
        tallies.put(key, tally);
      }
      after = tally.verdict();
    }
    if (before != after || event.isPresent()) {
      listener.probed(pod, event);
    }
    return after;
  }

  private static int threshold(@Nullable Integer value, int otherwise) {
    return value == null || value == 0 ? otherwise : value;
  }

  private static @Nullable Probe probe(ContainerSpec spec, Kind kind) {
    if (spec.kind() == ContainerSpec.Kind.INIT || spec.kind() == ContainerSpec.Kind.EPHEMERAL) {
      return null;
    }
    return switch (kind) {
      case STARTUP -> spec.container().getStartupProbe();
      case READINESS -> spec.container().getReadinessProbe();
      case LIVENESS -> spec.container().getLivenessProbe();
    };
  }

  private static List<String> ips(DesiredPod pod, ObservedPod observed) {
    return pod.hostNetwork()
        ? List.of()
        : observed.readySandboxes().stream()
            .findFirst()
            .map(ObservedSandbox::ips)
            .orElse(List.of());
  }

  private static String name(Kind kind) {
    return switch (kind) {
      case STARTUP -> "Startup";
      case READINESS -> "Readiness";
      case LIVENESS -> "Liveness";
    };
  }
}
