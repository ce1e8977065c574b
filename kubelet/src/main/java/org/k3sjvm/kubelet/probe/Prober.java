package org.k3sjvm.kubelet.probe;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Probe;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.kubelet.pod.ContainerSpec;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.ObservedContainer;
import org.k3sjvm.kubelet.pod.ObservedPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.ProbeVerdicts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drives a {@link ProbeWorker} for each probe of each container. One clock thread starts what is
 * due, in ticks that many probes share; each question has a virtual thread for as long as its
 * answer takes. 330 probes in a second are thus twenty wake-ups and not as many as there are
 * probes.
 */
public final class Prober implements ProbeVerdicts, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Prober.class);

  /** Is told what was found. Called without locks held; does not block. */
  public interface Listener {
    /** A verdict is another one now. */
    void changed(DesiredPod pod);

    void event(DesiredPod pod, PodEvent event);
  }

  /** Questions wait up to this long for company. */
  private static final long TICK_NANOS = 50_000_000;

  /**
   * Containers that run for longer than this when the agent starts were there before it. Source:
   * kubelet v1.36 pkg/kubelet/prober/prober_manager.go, kubeletRestartGracePeriod.
   */
  private static final Duration BEFORE = Duration.ofSeconds(10);

  private record Key(ContainerId container, Kind kind) {}

  private record Place(String container, Kind kind) {}

  /** A worker and what it needs to ask. Guarded by the lock. */
  private static final class Entry {
    private final ContainerSpec spec;
    private final Kind kind;
    private final Probe probe;
    private final Duration limit;
    private final ProbeWorker worker;
    private DesiredPod pod;
    private String podIp = "";
    private @Nullable Question question;
    private @Nullable ScheduledFuture<?> next;

    Entry(DesiredPod pod, ContainerSpec spec, Kind kind, Probe probe, ProbeWorker worker) {
      this.pod = pod;
      this.spec = spec;
      this.kind = kind;
      this.probe = probe;
      this.limit = ProbeWorker.seconds(probe.getTimeoutSeconds(), 1);
      this.worker = worker;
    }

    Question question() {
      if (question == null) {
        question = Question.of(probe, spec.container(), podIp);
      }
      return question;
    }
  }

  private final Checks checks;
  private final Listener listener;
  private final List<String> hostIps;
  private final InstantSource clock;
  private final Instant began;
  private final RandomGenerator random = RandomGenerator.getDefault();
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, Thread.ofVirtual().name("probe-clock").factory());
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<PodUid, Map<Place, Entry>> entries = new HashMap<>();

  @GuardedBy("lock")
  private final Map<Key, Verdict> verdicts = new HashMap<>();

  @GuardedBy("lock")
  private final Set<Thread> asking = new HashSet<>();

  @GuardedBy("lock")
  private boolean closed;

  /**
   * Asks nothing yet.
   *
   * @param hostIps where pods on the host's network answer, the primary address first
   */
  public Prober(Checks checks, Listener listener, List<String> hostIps, InstantSource clock) {
    this.checks = checks;
    this.listener = listener;
    this.hostIps = List.copyOf(hostIps);
    this.clock = clock;
    this.began = clock.instant();
    timer.setRemoveOnCancelPolicy(true);
  }

  @Override
  public Verdict verdict(ContainerId container, Kind kind) {
    synchronized (lock) {
      return verdicts.getOrDefault(new Key(container, kind), Verdict.UNKNOWN);
    }
  }

  @Override
  public void follow(DesiredPod pod, ObservedPod observed, PodStatus status, boolean ending) {
    synchronized (lock) {
      Map<Place, Entry> of = entries.get(pod.uid());
      if (closed) {
        return;
      }
      if (of != null && ending) {
        boolean over = observed.alive().isEmpty();
        List<Entry> gone =
            of.values().stream().filter(e -> over || e.kind != Kind.READINESS).toList();
        for (Entry entry : gone) {
          end(entry);
          of.values().remove(entry);
        }
      } else if (!ending) {
        of = begin(pod, of);
      }
      if (of == null || of.isEmpty()) {
        entries.remove(pod.uid());
        return;
      }
      for (Entry entry : of.values()) {
        see(entry, pod, observed, status);
      }
    }
  }

  /**
   * What has been asked, for {@code /metrics/probes}. Source: kubelet v1.36
   * pkg/kubelet/prober/prober_manager.go, and client_golang's text format.
   */
  @Override
  public String metrics() {
    StringBuilder totals = new StringBuilder();
    StringBuilder durations = new StringBuilder();
    synchronized (lock) {
      for (Map<Place, Entry> of : entries.values()) {
        for (Entry e : of.values()) {
          String labels =
              "container=\"%s\",namespace=\"%s\",pod=\"%s\""
                  .formatted(e.spec.name(), e.pod.namespace(), e.pod.name());
          e.worker.metrics().totals(totals, labels, name(e.kind), e.pod.uid().value());
          e.worker.metrics().durations(durations, labels, name(e.kind));
        }
      }
    }
    return """
        # HELP prober_probe_duration_seconds [ALPHA] Duration in seconds for a probe response.
        # TYPE prober_probe_duration_seconds histogram
        %s# HELP prober_probe_total [BETA] Cumulative number of a liveness, readiness or startup \
        probe for a container by result.
        # TYPE prober_probe_total counter
        %s"""
        .formatted(durations, totals);
  }

  @Override
  public void close() {
    List<Thread> ending;
    synchronized (lock) {
      closed = true;
      ending = List.copyOf(asking);
      entries.clear();
    }
    timer.shutdownNow();
    ending.forEach(Thread::interrupt);
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
  private @Nullable Map<Place, Entry> begin(DesiredPod pod, @Nullable Map<Place, Entry> already) {
    if (already != null) {
      return already; // probes of a pod do not change
    }
    Map<Place, Entry> of = new LinkedHashMap<>();
    for (ContainerSpec spec : pod.containers()) {
      for (Kind kind : Kind.values()) {
        Probe probe = ProbeWorker.of(spec, kind);
        if (probe != null) {
          ProbeWorker worker = new ProbeWorker(kind, probe, start(pod, probe));
          of.put(new Place(spec.name(), kind), new Entry(pod, spec, kind, probe, worker));
        }
      }
    }
    if (!of.isEmpty()) {
      entries.put(pod.uid(), of);
    }
    return of;
  }

  /** Now; but pods that were there before the agent are not asked all in one moment. */
  private long start(DesiredPod pod, Probe probe) {
    Duration period = ProbeWorker.seconds(probe.getPeriodSeconds(), 10);
    boolean young = Duration.between(began, clock.instant()).compareTo(period) < 0;
    boolean ran =
        pod.pod().getStatus() != null && !pod.pod().getStatus().getContainerStatuses().isEmpty();
    return System.nanoTime() + (young && ran ? random.nextLong(period.toNanos()) : 0);
  }

  @GuardedBy("lock")
  private void see(Entry entry, DesiredPod pod, ObservedPod observed, PodStatus status) {
    entry.pod = pod;
    String ip = ip(pod, observed);
    if (!ip.isEmpty() && !ip.equals(entry.podIp)) {
      entry.podIp = ip;
      entry.question = null;
    }
    Optional<ObservedContainer> is =
        observed.newest(entry.spec.name()).filter(ObservedContainer::running);
    Optional<ContainerId> before = entry.worker.run();
    long now = System.nanoTime();
    entry.worker.see(
        new ProbeWorker.Sight(
            is.map(ObservedContainer::id),
            is.isPresent() && started(entry.spec, status),
            now + is.map(c -> delay(entry.probe, c)).orElse(Duration.ZERO).toNanos()),
        is.isPresent()
            && age(is.get()).plus(Duration.between(clock.instant(), began)).compareTo(BEFORE) > 0,
        now);
    if (before.isPresent() && !before.equals(entry.worker.run())) {
      verdicts.remove(new Key(before.get(), entry.kind));
    }
    schedule(entry, now);
  }

  private static boolean started(ContainerSpec spec, PodStatus status) {
    return Stream.concat(
            status.getContainerStatuses().stream(), status.getInitContainerStatuses().stream())
        .filter(s -> s.getName().equals(spec.name()))
        .map(ContainerStatus::getStarted)
        .anyMatch(Boolean.TRUE::equals);
  }

  private Duration delay(Probe probe, ObservedContainer is) {
    return ProbeWorker.seconds(probe.getInitialDelaySeconds(), 0).minus(age(is));
  }

  /** Since the second in which it started, as its status says. */
  private Duration age(ObservedContainer is) {
    Instant start = is.startedAt().orElse(is.createdAt()).truncatedTo(ChronoUnit.SECONDS);
    return Duration.between(start, clock.instant());
  }

  @GuardedBy("lock")
  private void schedule(Entry entry, long now) {
    if (entry.next != null) {
      entry.next.cancel(false);
      entry.next = null;
    }
    OptionalLong due = entry.worker.due();
    if (due.isEmpty() || closed) {
      return;
    }
    long wait = due.getAsLong() - now;
    long shared = wait <= 0 ? 0 : wait + Math.floorMod(-due.getAsLong(), TICK_NANOS);
    entry.next = timer.schedule(() -> ask(entry), shared, TimeUnit.NANOSECONDS);
  }

  private void ask(Entry entry) {
    synchronized (lock) {
      long now = System.nanoTime();
      OptionalLong due = entry.worker.due();
      if (closed || due.isEmpty() || due.getAsLong() - now > 0) {
        return;
      }
      entry.next = null;
      entry.worker.ask(now);
      ContainerId id = entry.worker.run().orElseThrow();
      Question question = entry.question();
      Thread thread = Thread.ofVirtual().name("probe").unstarted(() -> answer(entry, question, id));
      asking.add(thread);
      thread.start();
    }
  }

  private void answer(Entry entry, Question question, ContainerId id) {
    Answer answer;
    try {
      answer = checks.ask(question, id, entry.limit);
    } catch (InterruptedException e) {
      synchronized (lock) {
        asking.remove(Thread.currentThread());
      }
      return;
    } catch (RuntimeException e) {
      log.atError().setCause(e).addKeyValue("pod", entry.pod.fullName()).log("probe failed");
      answer = Answer.Unsure.unknown(e.toString());
    }
    DesiredPod pod;
    boolean changed;
    boolean known;
    synchronized (lock) {
      asking.remove(Thread.currentThread());
      long now = System.nanoTime();
      pod = entry.pod;
      changed = entry.worker.answered(id, answer, now);
      known = entries.getOrDefault(pod.uid(), Map.of()).containsValue(entry);
      if (known) {
        if (changed) {
          verdicts.put(new Key(id, entry.kind), entry.worker.verdict());
        }
        schedule(entry, now);
      }
    }
    if (known) {
      event(entry, answer).ifPresent(e -> listener.event(pod, e));
      if (changed) {
        listener.changed(pod);
      }
    }
  }

  private static Optional<PodEvent> event(Entry entry, Answer answer) {
    String kind = name(entry.kind);
    Optional<PodEvent> event =
        switch (answer) {
          case Answer.Good _ -> Optional.empty();
          case Answer.Warned(String output) ->
              Optional.of(PodEvent.warning("ProbeWarning", kind + " probe warning: " + output));
          case Answer.Bad(String output) ->
              Optional.of(PodEvent.warning("Unhealthy", kind + " probe failed: " + output));
          case Answer.Unsure(String state, String why) ->
              Optional.of(
                  PodEvent.warning(
                      "Unhealthy",
                      kind + " probe errored and resulted in " + state + " state: " + why));
        };
    return event.map(e -> e.of(entry.spec));
  }

  /** Takes a worker out of the clock; what it has in flight finds nobody. */
  @GuardedBy("lock")
  private void end(Entry entry) {
    if (entry.next != null) {
      entry.next.cancel(false);
    }
    Optional<ContainerId> run = entry.worker.run();
    if (run.isPresent()) {
      verdicts.remove(new Key(run.get(), entry.kind));
    }
  }

  private String ip(DesiredPod pod, ObservedPod observed) {
    List<String> ips =
        pod.hostNetwork()
            ? hostIps
            : new ArrayList<>(
                observed.readySandboxes().stream()
                    .findFirst()
                    .map(s -> s.ips())
                    .orElseGet(List::of));
    return ips.isEmpty() ? "" : ips.getFirst();
  }

  private static String name(Kind kind) {
    return switch (kind) {
      case STARTUP -> "Startup";
      case READINESS -> "Readiness";
      case LIVENESS -> "Liveness";
    };
  }
}
