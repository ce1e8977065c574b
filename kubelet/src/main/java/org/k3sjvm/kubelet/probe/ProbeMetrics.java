package org.k3sjvm.kubelet.probe;

import java.util.Arrays;
import java.util.Locale;

/**
 * What one worker has counted; gone with it, so that metrics are bounded by the pods there are. Not
 * thread-safe.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/prober/prober_manager.go.
 */
final class ProbeMetrics {
  /** Upper bounds, in milliseconds. Source: client_golang's prometheus.DefBuckets. */
  private static final long[] BUCKETS = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000};

  private final long[] counts = new long[BUCKETS.length + 1];
  private long good;
  private long bad;
  private long nanos;

  void good(long tookNanos) {
    good++;
    nanos += tookNanos;
    int at = 0;
    while (at < BUCKETS.length && tookNanos > BUCKETS[at] * 1_000_000) {
      at++;
    }
    counts[at]++;
  }

  void bad() {
    bad++;
  }

  /** The lines of {@code prober_probe_total}. */
  void totals(StringBuilder to, String labels, String type, String uid) {
    total(to, labels, type, uid, "failed", bad);
    total(to, labels, type, uid, "successful", good);
  }

  private static void total(
      StringBuilder to, String labels, String type, String uid, String result, long value) {
    if (value > 0) {
      to.append("prober_probe_total{").append(labels);
      to.append(",pod_uid=\"").append(uid).append("\",probe_type=\"").append(type);
      to.append("\",result=\"").append(result).append("\"} ").append(value).append('\n');
    }
  }

  /** The lines of {@code prober_probe_duration_seconds}. */
  void durations(StringBuilder to, String labels, String type) {
    if (good == 0) {
      return;
    }
    String all = labels + ",probe_type=\"" + type + "\"";
    long sum = 0;
    for (int i = 0; i < BUCKETS.length; i++) {
      sum += counts[i];
      to.append("prober_probe_duration_seconds_bucket{").append(all);
      to.append(",le=\"").append(seconds(BUCKETS[i])).append("\"} ").append(sum).append('\n');
    }
    to.append("prober_probe_duration_seconds_bucket{").append(all);
    to.append(",le=\"+Inf\"} ").append(good).append('\n');
    to.append("prober_probe_duration_seconds_sum{").append(all).append("} ");
    to.append(String.format(Locale.ROOT, "%.9f", nanos / 1e9)).append('\n');
    to.append("prober_probe_duration_seconds_count{").append(all);
    to.append("} ").append(Arrays.stream(counts).sum()).append('\n');
  }

  private static String seconds(long millis) {
    return millis % 1000 == 0 ? Long.toString(millis / 1000) : Double.toString(millis / 1000.0);
  }
}
