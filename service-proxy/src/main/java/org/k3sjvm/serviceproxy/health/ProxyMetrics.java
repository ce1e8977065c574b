package org.k3sjvm.serviceproxy.health;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The proxy's figures in Prometheus' text form, under kube-proxy's names. Source: kube-proxy v1.36
 * pkg/proxy/metrics/metrics.go.
 */
public final class ProxyMetrics {
  /** 1 ms and each twice the one before. */
  private static final double[] SYNCS =
      IntStream.range(0, 15).mapToDouble(i -> (1L << i) / 1000.0).toArray();

  /** A quarter and a half second, each second, each five seconds, each half minute. */
  private static final double[] PROGRAMMING =
      Stream.of(
              DoubleStream.of(0.25, 0.5),
              IntStream.range(1, 60).asDoubleStream(),
              IntStream.range(0, 12).mapToDouble(i -> 60 + 5 * i),
              IntStream.range(0, 7).mapToDouble(i -> 120 + 30 * i))
          .flatMapToDouble(bounds -> bounds)
          .toArray();

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<String, Histogram> histograms = new TreeMap<>();

  /** Counters and the like by name and labels. */
  @GuardedBy("lock")
  private final Map<String, Double> values = new TreeMap<>();

  private static final class Histogram {
    private final double[] bounds;
    private final long[] counts;
    private long count;
    private double seconds;

    private Histogram(double[] bounds) {
      this.bounds = bounds;
      this.counts = new long[bounds.length];
    }
  }

  /** A family was written. */
  public void synced(String family, boolean full, Duration took, Instant now) {
    String labels = "{ip_family=\"" + family + "\"}";
    double seconds = took.toNanos() / 1e9;
    lock.lock();
    try {
      observe("sync_proxy_rules_duration_seconds", family, seconds, SYNCS);
      observe(
          full
              ? "sync_full_proxy_rules_duration_seconds"
              : "sync_partial_proxy_rules_duration_seconds",
          family,
          seconds,
          SYNCS);
      values.put("sync_proxy_rules_last_timestamp_seconds" + labels, epoch(now));
    } finally {
      lock.unlock();
    }
  }

  /** The kernel refused. */
  public void failed(String family) {
    add("sync_proxy_rules_nftables_sync_failures_total{ip_family=\"" + family + "\"}", 1);
  }

  /** What changed so long ago, in pods, is in the kernel now. */
  public void programmed(String family, Duration latency) {
    lock.lock();
    try {
      observe("network_programming_duration_seconds", family, latency.toNanos() / 1e9, PROGRAMMING);
    } finally {
      lock.unlock();
    }
  }

  /** Changes came, and are now the only ones that wait. */
  public void pending(int services) {
    lock.lock();
    try {
      values.put("sync_proxy_rules_service_changes_pending", (double) services);
    } finally {
      lock.unlock();
    }
  }

  /** Changes came. */
  public void queued(int services, Instant now) {
    lock.lock();
    try {
      values.merge("sync_proxy_rules_service_changes_total", (double) services, Double::sum);
      values.put("sync_proxy_rules_last_queued_timestamp_seconds", epoch(now));
    } finally {
      lock.unlock();
    }
  }

  /** Stale UDP conversations were forgotten. */
  public void connectionsDeleted(String family, int count) {
    add("conntrack_reconciler_deleted_entries_total{ip_family=\"" + family + "\"}", count);
  }

  /** Somebody asked {@code healthz} or {@code livez}. */
  public void asked(String what, int code) {
    add("proxy_" + what + "_total{code=\"" + code + "\"}", 1);
  }

  /** All of them. */
  public String text() {
    StringBuilder text = new StringBuilder();
    lock.lock();
    try {
      String typed = "";
      for (Map.Entry<String, Double> value : values.entrySet()) {
        String name = "kubeproxy_" + value.getKey().replaceFirst("\\{.*", "");
        if (!name.equals(typed)) {
          text.append("# TYPE ").append(name).append(' ');
          text.append(name.endsWith("_total") ? "counter" : "gauge").append('\n');
          typed = name;
        }
        text.append("kubeproxy_").append(value.getKey()).append(' ');
        text.append(number(value.getValue())).append('\n');
      }
      for (Map.Entry<String, Histogram> entry : histograms.entrySet()) {
        String name = "kubeproxy_" + entry.getKey().replaceFirst(" .*", "");
        if (!name.equals(typed)) {
          text.append("# TYPE ").append(name).append(" histogram\n");
          typed = name;
        }
        write(text, name, entry.getKey().replaceFirst(".* ", ""), entry.getValue());
      }
    } finally {
      lock.unlock();
    }
    return text.toString();
  }

  private static void write(StringBuilder text, String name, String family, Histogram histogram) {
    String label = "ip_family=\"" + family + "\"";
    long sum = 0;
    for (int i = 0; i < histogram.bounds.length; i++) {
      sum += histogram.counts[i];
      text.append(name).append("_bucket{").append(label).append(",le=\"");
      text.append(number(histogram.bounds[i])).append("\"} ").append(sum).append('\n');
    }
    text.append(name).append("_bucket{").append(label).append(",le=\"+Inf\"} ");
    text.append(histogram.count).append('\n');
    text.append(name).append("_sum{").append(label).append("} ");
    text.append(histogram.seconds).append('\n');
    text.append(name).append("_count{").append(label).append("} ");
    text.append(histogram.count).append('\n');
  }

  @GuardedBy("lock")
  private void observe(String name, String family, double seconds, double[] bounds) {
    Histogram histogram =
        histograms.computeIfAbsent(name + " " + family, _ -> new Histogram(bounds));
    histogram.count++;
    histogram.seconds += seconds;
    for (int i = 0; i < bounds.length; i++) {
      if (seconds <= bounds[i]) {
        histogram.counts[i]++;
        return;
      }
    }
  }

  private void add(String name, double more) {
    lock.lock();
    try {
      values.merge(name, more, Double::sum);
    } finally {
      lock.unlock();
    }
  }

  private static double epoch(Instant time) {
    return time.toEpochMilli() / 1000.0;
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
