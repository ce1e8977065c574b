package org.k3sjvm.lb;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Locale;

/**
 * How long dials took, as a histogram. Thread-safe. Source: k3s v1.36.3
 * pkg/agent/loadbalancer/metrics.go.
 */
final class DialTimes {
  private static final int BUCKETS = 15;
  private static final double FIRST_SECONDS = 0.001;

  @GuardedBy("this")
  private final Series success = new Series();

  @GuardedBy("this")
  private final Series error = new Series();

  private static final class Series {
    final long[] counts = new long[BUCKETS + 1];
    double sumSeconds;
  }

  synchronized void add(Duration took, boolean worked) {
    Series series = worked ? success : error;
    double seconds = took.toNanos() / 1e9;
    int bucket = 0;
    for (double limit = FIRST_SECONDS; bucket < BUCKETS && seconds > limit; limit *= 2) {
      bucket++;
    }
    series.counts[bucket]++;
    series.sumSeconds += seconds;
  }

  /** Lines of {@code k3s_loadbalancer_dial_duration_seconds}, without head. */
  synchronized String text(String name) {
    StringBuilder text = new StringBuilder();
    write(success, "name=\"%s\",status=\"success\"".formatted(name), text);
    write(error, "name=\"%s\",status=\"error\"".formatted(name), text);
    return text.toString();
  }

  private static void write(Series series, String labels, StringBuilder text) {
    long count = 0;
    double limit = FIRST_SECONDS;
    for (int i = 0; i <= BUCKETS; i++, limit *= 2) {
      count += series.counts[i];
      String edge = i == BUCKETS ? "+Inf" : String.format(Locale.ROOT, "%.3f", limit);
      text.append(
          LbMetrics.DIAL_SECONDS + "_bucket{%s,le=\"%s\"} %d\n".formatted(labels, edge, count));
    }
    if (count > 0) {
      text.append(LbMetrics.DIAL_SECONDS + "_sum{%s} %s\n".formatted(labels, series.sumSeconds));
      text.append(LbMetrics.DIAL_SECONDS + "_count{%s} %d\n".formatted(labels, count));
    }
  }
}
