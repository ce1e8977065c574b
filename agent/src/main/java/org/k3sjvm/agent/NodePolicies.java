package org.k3sjvm.agent;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.PortRange;
import org.k3sjvm.kubelet.pod.PodNetworkGate;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.networkpolicy.NetworkPolicies;
import org.k3sjvm.networkpolicy.NetworkPolicyConfig;
import org.k3sjvm.networkpolicy.NotInForceException;
import org.k3sjvm.networkpolicy.PolicyHost;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The network policies of this node, and what the kubelet asks of them before it starts a pod. */
final class NodePolicies implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodePolicies.class);

  /** Where servers tell none, as those do that want no policies. */
  private static final String DEFAULT_NODE_PORTS = "30000-32767";

  private final Optional<PolicyHost> host;
  private final Optional<NetworkPolicies> policies;

  private NodePolicies(Optional<PolicyHost> host, Optional<NetworkPolicies> policies) {
    this.host = host;
    this.policies = policies;
  }

  /** Those of the cluster, unless its servers say that nobody shall enforce them. */
  static NodePolicies open(JoinedNode node, Path agentDir, Apis apis, Ground ground)
      throws InterruptedException {
    boolean wanted = !node.settings().disableNetworkPolicy();
    try {
      PolicyHost host = ground.policies();
      NetworkPolicies policies =
          new NetworkPolicies(config(node, agentDir), host, apis.controller());
      if (wanted) {
        return new NodePolicies(Optional.of(host), Optional.of(policies));
      }
      try (host) {
        policies.disable();
      }
    } catch (LinuxException e) {
      (wanted ? log.atError() : log.atDebug())
          .addKeyValue("reason", e.getMessage())
          .log(
              "network policies are not enforced: nftables cannot be used on this host; install it"
                  + " and start the agent again");
    }
    return new NodePolicies(Optional.empty(), Optional.empty());
  }

  void start(ServiceGroup group) {
    policies.ifPresent(p -> group.start("network-policy", p));
  }

  PodNetworkGate gate() {
    return policies.<PodNetworkGate>map(Gatekeeper::new).orElse(PodNetworkGate.OPEN);
  }

  @Override
  public void close() {
    host.ifPresent(PolicyHost::close);
  }

  private static NetworkPolicyConfig config(JoinedNode node, Path agentDir) {
    PortRange ports = node.settings().nodePorts();
    return new NetworkPolicyConfig(
        node.name(),
        node.settings().clusterCidrs(),
        node.settings().serviceCidrs(),
        ports.size() == 0 ? DEFAULT_NODE_PORTS : ports.base() + "-" + ports.last(),
        agentDir.resolve("network-policies.json"),
        node.remembered());
  }

  private record Gatekeeper(NetworkPolicies policies) implements PodNetworkGate {
    @Override
    public Optional<String> admit(Pod pod, List<String> addresses, boolean ranBefore)
        throws InterruptedException {
      try {
        policies.admit(pod, addresses, ranBefore);
        return Optional.empty();
      } catch (NotInForceException | LinuxException e) {
        return Optional.of(String.valueOf(e.getMessage()));
      }
    }

    @Override
    public void left(Pod pod) {
      policies.left(pod);
    }
  }
}
