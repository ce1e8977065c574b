package org.k3sjvm.lb;

import java.util.List;
import java.util.function.Function;

/**
 * Load balancers in Prometheus' text format, under upstream's names. Source: k3s v1.36.3
 * pkg/agent/loadbalancer/metrics.go.
 */
public final class LbMetrics {
  static final String DIAL_SECONDS = "k3s_loadbalancer_dial_duration_seconds";

  private LbMetrics() {}

  /** All of them in one text; each metric has one head. */
  public static String text(List<LoadBalancer> balancers) {
    StringBuilder text = new StringBuilder();
    gauge(
        text,
        "k3s_loadbalancer_server_connections",
        "Count of current connections to loadbalancer server",
        LoadBalancer.ServerView::connections,
        balancers);
    gauge(
        text,
        "k3s_loadbalancer_server_health",
        "Current health value of loadbalancer server",
        server -> server.state().number(),
        balancers);
    text.append(
        "# HELP %s Time taken to dial a connection to a backend server\n".formatted(DIAL_SECONDS));
    text.append("# TYPE %s histogram\n".formatted(DIAL_SECONDS));
    balancers.forEach(lb -> text.append(lb.dialTimes().text(lb.name())));
    return text.toString();
  }

  private static void gauge(
      StringBuilder text,
      String metric,
      String help,
      Function<LoadBalancer.ServerView, Integer> value,
      List<LoadBalancer> balancers) {
    text.append("# HELP %s %s\n# TYPE %s gauge\n".formatted(metric, help, metric));
    for (LoadBalancer lb : balancers) {
      for (LoadBalancer.ServerView server : lb.servers()) {
        text.append(
            "%s{name=\"%s\",server=\"%s\"} %d\n"
                .formatted(metric, lb.name(), server.address(), value.apply(server)));
      }
    }
  }
}
