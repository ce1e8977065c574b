package org.k3sjvm.kubelet.trace;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Times the starts of pods, and keeps the newest. Callable from any thread; never blocks long. */
public final class PodStarts {
  private static final Logger log = LoggerFactory.getLogger(PodStarts.class);

  /** A node's full set of pods and some that followed. */
  private static final int KEPT = 256;

  /** Seconds. Source: kubelet v1.36 pkg/kubelet/metrics, podStartupDurationBuckets. */
  private static final double[] BUCKETS = {
    0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200,
    1800, 2700, 3600
  };

  private final InstantSource clock;
  private final LongSupplier nanos;

  @GuardedBy("this")
  private final LinkedHashMap<PodUid, Running> pods = new LinkedHashMap<>();

  @GuardedBy("this")
  private final long[] buckets = new long[BUCKETS.length];

  @GuardedBy("this")
  private final Map<StartStep, Duration> totals = new EnumMap<>(StartStep.class);

  @GuardedBy("this")
  private long count;

  @GuardedBy("this")
  private Duration sum = Duration.ZERO;

  private record Running(PodStart start, long begun) {
    boolean reached(StartStep step) {
      return start.after().containsKey(step);
    }
  }

  /**
   * @param nanos a clock that is never set back, such as {@link System#nanoTime}
   */
  public PodStarts(InstantSource clock, LongSupplier nanos) {
    this.clock = clock;
    this.nanos = nanos;
  }

  /**
   * The watch brought a version of the pod. The clock starts with the first one, unless the pod ran
   * before this kubelet did.
   */
  public synchronized void seen(DesiredPod pod) {
    boolean begins = pod.pod().getStatus() == null || pod.pod().getStatus().getStartTime() == null;
    if (!begins || pod.deleting() || pods.containsKey(pod.uid())) {
      return;
    }
    Instant now = clock.instant();
    PodStart start = new PodStart(pod.namespace(), pod.name(), pod.uid().value(), now, Map.of());
    pods.put(pod.uid(), new Running(start, nanos.getAsLong()));
    if (pods.size() > KEPT) {
      pods.pollFirstEntry();
    }
  }

  /** A step is done. What comes after Ready, such as a restart, is no part of the start. */
  public synchronized void reached(PodUid uid, StartStep step) {
    Running running = pods.get(uid);
    if (running == null
        || running.reached(StartStep.CONFIRMED)
        || running.reached(StartStep.READY) != (step == StartStep.CONFIRMED)) {
      return;
    }
    Duration after = Duration.ofNanos(nanos.getAsLong() - running.begun());
    Map<StartStep, Duration> steps = new EnumMap<>(StartStep.class);
    steps.putAll(running.start().after());
    steps.put(step, after);
    PodStart was = running.start();
    PodStart start = new PodStart(was.namespace(), was.name(), was.uid(), was.seen(), steps);
    pods.put(uid, new Running(start, running.begun()));
    if (step == StartStep.READY) {
      count(start, after);
    }
  }

  /** The newest starts, also those under way, oldest first. */
  public synchronized List<PodStart> recent() {
    return pods.values().stream().map(Running::start).toList();
  }

  @GuardedBy("this")
  private void count(PodStart start, Duration whole) {
    count++;
    sum = sum.plus(whole);
    for (int i = 0; i < BUCKETS.length; i++) {
      buckets[i] += seconds(whole) <= BUCKETS[i] ? 1 : 0;
    }
    List<String> steps = new ArrayList<>();
    for (StartStep step : StartStep.values()) {
      Optional<Duration> took = start.took(step);
      took.ifPresent(t -> totals.merge(step, t, Duration::plus));
      took.ifPresent(t -> steps.add(step.text() + "=" + t.toMillis()));
    }
    log.atDebug()
        .addKeyValue("pod", start.namespace() + "/" + start.name())
        .addKeyValue("ms", whole.toMillis())
        .addKeyValue("steps", String.join(",", steps))
        .log("pod started");
  }

  /** In the text format of Prometheus. */
  public synchronized String metrics() {
    StringBuilder text = new StringBuilder("# TYPE kubelet_pod_start_duration_seconds histogram\n");
    for (int i = 0; i < BUCKETS.length; i++) {
      String limit = String.format(Locale.ROOT, "%s", BUCKETS[i]).replaceFirst("\\.0$", "");
      bucket(text, limit, buckets[i]);
    }
    bucket(text, "+Inf", count);
    text.append("kubelet_pod_start_duration_seconds_sum ").append(seconds(sum)).append('\n');
    text.append("kubelet_pod_start_duration_seconds_count ").append(count).append('\n');
    text.append("# TYPE k3s_pod_start_step_seconds_total counter\n");
    totals.forEach(
        (step, total) ->
            text.append("k3s_pod_start_step_seconds_total{step=\"")
                .append(step.text())
                .append("\"} ")
                .append(seconds(total))
                .append('\n'));
    return text.toString();
  }

  private static void bucket(StringBuilder text, String limit, long value) {
    text.append("kubelet_pod_start_duration_seconds_bucket{le=\"")
        .append(limit)
        .append("\"} ")
        .append(value)
        .append('\n');
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
