package org.k3sjvm.serviceproxy;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.rules.RuleSettings;

/**
 * What the service proxy is told.
 *
 * @param nodeName as the Node object is called
 * @param nodeIps this node's addresses
 * @param families those of the cluster's networks
 * @param rules what decides about the chains
 * @param healthz where {@code /healthz} and {@code /livez} answer; empty for nowhere
 * @param metrics where {@code /metrics} and {@code /proxyMode} answer; empty for nowhere
 * @param minSync the least time between two changes of the packet filter when many come
 * @param look how often to see whether somebody else changed our rules
 * @param memory the file of services for a start without an API server; empty for none
 */
public record ServiceProxyConfig(
    String nodeName,
    List<InetAddress> nodeIps,
    Set<Family> families,
    RuleSettings rules,
    Optional<HostPort> healthz,
    Optional<HostPort> metrics,
    Duration minSync,
    Duration look,
    Optional<Path> memory) {
  /** Source: kube-proxy v1.36 pkg/proxy/apis/config/v1alpha1/defaults.go. */
  public static final Duration DEFAULT_MIN_SYNC = Duration.ofSeconds(1);

  /** Source: as {@link #DEFAULT_MIN_SYNC}, the sync period. */
  public static final Duration DEFAULT_LOOK = Duration.ofSeconds(30);

  public static final int HEALTHZ_PORT = 10_256;
  public static final int METRICS_PORT = 10_249;

  public ServiceProxyConfig {
    nodeIps = List.copyOf(nodeIps);
    families = Set.copyOf(families);
    if (families.isEmpty()) {
      throw new IllegalArgumentException("a cluster has networks of at least one family");
    }
  }
}
