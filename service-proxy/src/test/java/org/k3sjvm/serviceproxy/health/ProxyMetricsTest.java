package org.k3sjvm.serviceproxy.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ProxyMetricsTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  @Test
  void writesWhatPrometheusReads() {
    ProxyMetrics metrics = new ProxyMetrics();
    metrics.queued(3, NOON);
    metrics.synced("IPv4", true, Duration.ofMillis(3), NOON);
    metrics.synced("IPv4", false, Duration.ofMillis(1), NOON);
    metrics.programmed("IPv4", Duration.ofMillis(700));
    metrics.failed("IPv6");
    metrics.asked("healthz", 200);

    assertThat(metrics.text())
        .contains("# TYPE kubeproxy_proxy_healthz_total counter\n")
        .contains("kubeproxy_proxy_healthz_total{code=\"200\"} 1\n")
        .contains(
            """
            kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="0.5"} 0
            kubeproxy_network_programming_duration_seconds_bucket{ip_family="IPv4",le="1"} 1
            """)
        .contains("_bucket{ip_family=\"IPv4\",le=\"115\"} 1\n")
        .contains("kubeproxy_sync_proxy_rules_service_changes_total 3\n")
        .contains("kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family=\"IPv6\"} 1\n")
        .contains(
            "kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family=\"IPv4\"} 1767268800\n")
        .contains(
            "# TYPE kubeproxy_sync_full_proxy_rules_duration_seconds histogram\n"
                + "kubeproxy_sync_full_proxy_rules_duration_seconds_bucket"
                + "{ip_family=\"IPv4\",le=\"0.001\"} 0\n")
        .contains(
            "kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.004\"} 2\n")
        .contains("kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} 2\n");
  }
}
