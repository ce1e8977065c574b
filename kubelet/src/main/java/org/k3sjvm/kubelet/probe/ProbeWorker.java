package org.k3sjvm.kubelet.probe;

import io.fabric8.kubernetes.api.model.Probe;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.kubelet.pod.ContainerSpec;
import org.k3sjvm.kubelet.pod.ProbeVerdicts.Kind;
import org.k3sjvm.kubelet.pod.ProbeVerdicts.Verdict;

/**
 * When one probe of one container is asked, and what its answers amount to. Has no thread and no
 * clock: whoever drives it says what is seen and when. Times are nanoseconds of a clock that never
 * jumps. Not thread-safe.
 *
 * <pre>
 *  asked                                     | not asked
 *  ------------------------------------------+-------------------------------------------
 *  start-up, until the container has started | nothing runs; the initial delay is not over
 *  liveness and readiness, from then on      | liveness that failed, until the next run
 *                                            | while an answer is awaited
 * </pre>
 *
 * <p>Asking happens on a grid whose first line is the worker's own start, as upstream's ticker has
 * it: a container gets up to a period before liveness is asked first. Readiness is asked the moment
 * its container has started, and its grid begins there. An answer that takes longer than a period
 * is followed by the next question at once.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/prober/worker.go.
 */
final class ProbeWorker {
  private final Kind kind;
  private final long period;
  private final int successThreshold;
  private final int failureThreshold;
  private final ProbeMetrics metrics = new ProbeMetrics();
  private long anchor;
  private long from;
  private Optional<ContainerId> run = Optional.empty();
  private boolean started;
  private boolean wanted;
  private boolean held;
  private boolean asking;
  private long askedAt;
  private Tally tally = Tally.NONE;

  /**
   * What is seen of the container.
   *
   * @param run the instance that runs
   * @param started whether it counts as started: its start-up probe is content
   * @param delayedUntil when its initial delay is over
   */
  record Sight(Optional<ContainerId> run, boolean started, long delayedUntil) {}

  /** A worker that starts now, or a little later where many start together. */
  ProbeWorker(Kind kind, Probe probe, long start) {
    this.kind = kind;
    this.period = seconds(probe.getPeriodSeconds(), 10).toNanos();
    this.successThreshold = orElse(probe.getSuccessThreshold(), 1);
    this.failureThreshold = orElse(probe.getFailureThreshold(), 3);
    this.anchor = start;
    this.from = start;
  }

  static Duration seconds(@Nullable Integer value, int otherwise) {
    return Duration.ofSeconds(orElse(value, otherwise));
  }

  private static int orElse(@Nullable Integer value, int otherwise) {
    return value == null || value == 0 ? otherwise : value;
  }

  /** What a container has; nothing for those that run once. */
  static @Nullable Probe of(ContainerSpec spec, Kind kind) {
    if (spec.kind() == ContainerSpec.Kind.INIT || spec.kind() == ContainerSpec.Kind.EPHEMERAL) {
      return null;
    }
    return switch (kind) {
      case STARTUP -> spec.container().getStartupProbe();
      case READINESS -> spec.container().getReadinessProbe();
      case LIVENESS -> spec.container().getLivenessProbe();
    };
  }

  ProbeMetrics metrics() {
    return metrics;
  }

  /** Whose verdict {@link #verdict} is. */
  Optional<ContainerId> run() {
    return run;
  }

  Verdict verdict() {
    return tally.verdict();
  }

  /**
   * Takes notice.
   *
   * @param keepsPace whether readiness waits for the grid also when the container has just started:
   *     it was seen to be ready before
   */
  void see(Sight sight, boolean keepsPace, long now) {
    boolean another = sight.run().isPresent() && !sight.run().equals(run);
    if (another) {
      run = sight.run();
      tally = Tally.NONE;
      held = false;
      started = false;
    }
    boolean startsNow = sight.started() && !started;
    started = sight.started();
    boolean wantedNow = sight.run().isPresent() && (kind == Kind.STARTUP ? !started : started);
    if (wantedNow && (another || !wanted || startsNow)) {
      from = later(from, later(now, sight.delayedUntil()));
      if (kind == Kind.READINESS && startsNow && !keepsPace) {
        anchor = later(now, sight.delayedUntil());
        from = anchor;
      }
    }
    wanted = wantedNow;
  }

  /** When to ask next; empty while there is nothing to ask. */
  OptionalLong due() {
    return wanted && !held && !asking ? OptionalLong.of(gridFrom(from)) : OptionalLong.empty();
  }

  /** The question is being asked. */
  void ask(long now) {
    asking = true;
    askedAt = now;
    // The last line of the grid up to now is used up; the next one counts also if it passes before
    // there is an answer.
    from = anchor + Math.max(0, Math.floorDiv(now - anchor, period)) * period + 1;
  }

  /**
   * Counts an answer.
   *
   * @param about the run that was asked; another one is not told of it
   * @return whether the verdict is another one now
   */
  boolean answered(ContainerId about, Answer answer, long now) {
    asking = false;
    if (run.filter(about::equals).isEmpty()) {
      return false;
    }
    switch (answer) {
      case Answer.Good _, Answer.Warned _ -> metrics.good(now - askedAt);
      case Answer.Bad _ -> metrics.bad();
      case Answer.Unsure _ -> {
        return false;
      }
    }
    boolean good = !(answer instanceof Answer.Bad);
    Verdict before = tally.verdict();
    tally = tally.with(good, successThreshold, failureThreshold);
    boolean told = tally.count() >= (good ? successThreshold : failureThreshold);
    held |= told && (kind == Kind.STARTUP || (kind == Kind.LIVENESS && !good));
    return tally.verdict() != before;
  }

  private long gridFrom(long time) {
    long behind = time - anchor;
    return behind <= 0 ? anchor : anchor + Math.ceilDiv(behind, period) * period;
  }

  private static long later(long a, long b) {
    return a - b > 0 ? a : b;
  }
}
