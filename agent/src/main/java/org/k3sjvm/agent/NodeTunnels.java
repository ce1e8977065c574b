package org.k3sjvm.agent;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.lb.Health;
import org.k3sjvm.lb.HealthSource;
import org.k3sjvm.tunnel.EgressMode;
import org.k3sjvm.tunnel.EgressRules;
import org.k3sjvm.tunnel.EgressView;
import org.k3sjvm.tunnel.ServerAddresses;
import org.k3sjvm.tunnel.TunnelReport;
import org.k3sjvm.tunnel.Tunnels;

/**
 * A tunnel to each server, and what follows from them: the load balancers learn which servers there
 * are, and a server counts as healthy while its tunnel is up.
 */
final class NodeTunnels implements HealthSource, AutoCloseable {
  private volatile Optional<Tunnels> tunnels = Optional.empty();
  private volatile Optional<Balancers> balancers = Optional.empty();

  /**
   * Connects to the servers for as long as the group runs; tunnels of a start before are closed.
   *
   * @param tls asked anew for each tunnel
   * @param kubelet where the kubelet's API listens
   */
  void start(
      JoinedNode node,
      Join supervisor,
      Supplier<SSLContext> tls,
      KubeApi controller,
      Balancers toUpdate,
      HostPort kubelet,
      ServiceGroup group) {
    EgressRules rules = new EgressRules(mode(node), kubelet);
    Set<InetAddress> own = Set.copyOf(node.addresses().internal());
    EgressPods pods = new EgressPods(controller, node.name(), own);
    EgressView cluster = new EgressView(Set.of(), own, Set.of(), node.settings().clusterCidrs());
    Supplier<EgressView> view = mode(node) == EgressMode.POD ? pods::view : () -> cluster;
    Tunnels running =
        new Tunnels(tls, (protocol, address) -> rules.decide(protocol, address, view.get()));
    close();
    tunnels = Optional.of(running);
    balancers = Optional.of(toUpdate);
    ServerAddresses calmed =
        new ServerAddresses(ServerAddresses.CALM, servers -> serve(running, toUpdate, servers));
    ServerWatch watch =
        new ServerWatch(
            supervisor,
            controller,
            servers -> serve(running, toUpdate, servers),
            calmed::offer,
            Sleeper.SYSTEM);
    if (mode(node) == EgressMode.POD) {
      group.start("egress-pods", pods);
    }
    group.start("servers", calmed);
    group.start("server-watch", watch);
  }

  /** Whether servers reach the pods of this node through its tunnels. */
  static boolean leadToPods(JoinedNode node) {
    return mode(node) == EgressMode.CLUSTER || mode(node) == EgressMode.POD;
  }

  private static EgressMode mode(JoinedNode node) {
    return EgressMode.parse(node.settings().egressSelectorMode());
  }

  /** An empty list means that nobody says: those known from before have tunnels all the same. */
  private static void serve(Tunnels tunnels, Balancers balancers, List<HostPort> servers) {
    if (servers.isEmpty()) {
      tunnels.serve(balancers.knownSupervisors());
    } else {
      balancers.update(servers);
      tunnels.serve(servers.stream().map(balancers::supervisorOf).toList());
    }
  }

  /** Each tunnel as it is; empty before the node has joined. */
  List<TunnelReport> report() {
    return tunnels.map(Tunnels::report).orElse(List.of());
  }

  @Override
  public Health healthOf(HostPort server) {
    Optional<Tunnels> running = tunnels;
    Optional<Balancers> known = balancers;
    if (running.isEmpty() || known.isEmpty()) {
      return Health.UNKNOWN;
    }
    return switch (running.get().healthOf(known.get().supervisorOf(server))) {
      case UNKNOWN -> Health.UNKNOWN;
      case OK -> Health.OK;
      case FAILED -> Health.FAILED;
    };
  }

  @Override
  public void close() {
    tunnels.ifPresent(Tunnels::close);
  }
}
