package org.k3sjvm.agent;

import java.io.IOException;
import java.util.List;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.KubeletOptions;
import org.k3sjvm.agent.config.ProxyOptions;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.kubelet.pod.PodNetworkGate;
import org.k3sjvm.kubelet.server.KubeletServer;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.serviceproxy.ProxyHost;

/**
 * {@link Agent} without what changes the host: it prepares nothing and has no pod network. The
 * build runs it to learn which classes an agent needs; it needs no rights.
 */
public final class Rehearsal {
  /** Without ports, which the host may need. */
  private static final ProxyOptions.Settings SERVICES =
      ProxyOptions.read(List.of("healthz-port=0", "metrics-port=0"), "127.0.0.1", 1);

  private final AgentConfig config;
  private final Ground ground;

  public Rehearsal(AgentConfig config, Ground ground) {
    this.config = config;
    this.ground = ground;
  }

  /** Blocks until interrupted or until a part fails. */
  public void run() throws InterruptedException {
    KubeletSettings settings =
        KubeletOptions.read(config.kubeletArgs(), config.agentDir(), config.taints());
    try (NodeTunnels tunnels = new NodeTunnels();
        Balancers balancers = Balancers.open(config, tunnels);
        ServiceGroup group = ServiceGroup.open("rehearsal")) {
      group.start("load-balancer", balancers::run);
      group.start("node", () -> runNode(balancers, tunnels, settings));
      group.await();
    }
  }

  private void runNode(Balancers balancers, NodeTunnels tunnels, KubeletSettings settings)
      throws InterruptedException, IOException {
    Join join = Agent.join(config, balancers, ground);
    JoinedNode node = join.run();
    try (Apis apis = Apis.open(node);
        NodeRuntime runtime =
            NodeRuntime.prepare(config, node.settings(), NodeKubelet.systemdCgroups(settings));
        ProxyHost services = NoPacketFilter.host();
        ServiceGroup parts = ServiceGroup.open("node")) {
      NodeKubelet kubelet =
          NodeKubelet.compose(config, settings, node, apis, runtime, ground, PodNetworkGate.OPEN);
      runtime.start(parts);
      tunnels.start(
          node, join, apis.controller(), balancers, NodeKubelet.endpoint(config, settings), parts);
      NodeServices.start(node, SERVICES, apis.proxy(), services, parts);
      parts.during(() -> runtime.ready().await());
      try (KubeletServer _ = kubelet.serve(config, settings, node, apis, runtime, () -> "")) {
        kubelet.start(parts);
        parts.during(kubelet::awaitAnnotated);
        parts.await();
      }
    }
  }
}
