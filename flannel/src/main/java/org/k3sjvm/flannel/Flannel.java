package org.k3sjvm.flannel;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.flannel.backend.WireguardDevice;
import org.k3sjvm.flannel.check.PeerNews;
import org.k3sjvm.flannel.check.PeerRounds;
import org.k3sjvm.flannel.files.PodNetwork;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.NodeLease;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.flannel.lease.Peers;
import org.k3sjvm.flannel.rules.Masquerade;
import org.k3sjvm.flannel.rules.UpstreamLeftovers;
import org.k3sjvm.flannel.uplink.UplinkException;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.NetworkChanges;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives this node's pods their network, and keeps the way to other nodes' pods open.
 *
 * <p>It waits for a pod CIDR, makes the device, announces it on the Node, writes the rules and the
 * CNI configuration, and then follows all nodes for ever. Stopping leaves everything in place, so
 * that pods stay connected. All work on the host is done by the thread that runs it.
 */
public final class Flannel implements Service {
  private static final Logger log = LoggerFactory.getLogger(Flannel.class);

  /** How soon a deleted interface is noticed. */
  private static final Duration LOOK = Duration.ofSeconds(2);

  /** Events of one moment make one step. */
  private static final Duration GATHER = Duration.ofMillis(50);

  private static final Duration RESYNC = Duration.ofSeconds(60);

  /** Routes on a foreign interface are announced by nothing that we listen to. */
  private static final Duration RESYNC_HOST_GW = Duration.ofSeconds(10);

  private static final Backoff RETRY =
      Backoff.doubling(Duration.ofSeconds(1), Duration.ofSeconds(30));

  private final FlannelConfig config;
  private final FlannelHost host;
  private final KubeApi kubelet;
  private final KubeApi controller;
  private final Gate<PodNetwork> ready;
  private final NodeTable nodes = new NodeTable();
  private final InstantSource clock = InstantSource.system();
  private final RandomGenerator random = RandomGenerator.getDefault();
  private final Optional<PeerRounds> rounds;
  private final AtomicReference<List<InetAddress>> servers = new AtomicReference<>(List.of());

  /**
   * Flannel of this node.
   *
   * @param kubelet the node's own identity
   * @param controller the identity that may list nodes where the node's own may not
   * @param ready is opened when pods can be attached; never with the backend {@code none}
   * @param news of peers that are not reached; empty to ask none
   */
  public Flannel(
      FlannelConfig config,
      FlannelHost host,
      KubeApi kubelet,
      KubeApi controller,
      Gate<PodNetwork> ready,
      Optional<PeerNews> news) {
    this.config = config;
    this.host = host;
    this.kubelet = kubelet;
    this.controller = controller;
    this.ready = ready;
    this.rounds =
        config
            .backend()
            .filter(type -> type != BackendType.HOST_GW)
            .flatMap(_ -> host.calls())
            .flatMap(
                calls ->
                    news.map(
                        n -> new PeerRounds(this::knownPeers, calls, n, Sleeper.SYSTEM, random)));
  }

  /** For Prometheus: which peers are reached. */
  public String metrics() {
    return rounds.map(PeerRounds::metrics).orElse("");
  }

  /** For a node that started while nobody knew the server's addresses. Any thread may call. */
  public void serversAre(List<InetAddress> addresses) {
    servers.set(List.copyOf(addresses));
  }

  @Override
  public void run() throws InterruptedException, IOException {
    Optional<BackendType> backend = config.backend();
    if (backend.isEmpty()) {
      removeOurs();
      return;
    }
    if (backend.get() == BackendType.WIREGUARD) {
      try (WireGuard wireGuard = openWireGuard()) {
        run(backend.get(), Optional.of(wireGuard));
      }
    } else {
      run(backend.get(), Optional.empty());
    }
  }

  /** Before anything waits: a kernel without it is no matter of patience. */
  private WireGuard openWireGuard() {
    try {
      return host.wireGuard().get();
    } catch (LinuxException.Unsupported e) {
      throw new LinuxException.Unsupported(
          "flannel backend wireguard-native: "
              + e.getMessage()
              + "; or start the servers with --flannel-backend=vxlan",
          e.errno());
    }
  }

  private void run(BackendType backend, Optional<WireGuard> wireGuard)
      throws InterruptedException, IOException {
    awaitPodCidr();
    try (NetworkChanges changes = host.network().watch();
        ServiceGroup group = ServiceGroup.open("flannel")) {
      Reconciler reconciler =
          new Reconciler(
              config,
              backend,
              host,
              nodes,
              new OwnNode(kubelet, config.nodeName(), clock),
              wireGuard,
              random);
      group.start("nodes", this::followNodes);
      ready.open(firstStep(reconciler));
      if (new UpstreamLeftovers(host.commands(), host.filter()).remove()) {
        reconciler.distrustRules();
        firstStep(reconciler);
      }
      rounds.ifPresent(r -> group.start("peers", r));
      follow(reconciler, changes, backend);
    }
  }

  /** Only the own Node, which every kubelet's identity may watch. */
  private void awaitPodCidr() throws InterruptedException {
    log.atInfo().addKeyValue("node", config.nodeName()).log("waiting for a pod CIDR");
    ObjectName own = ObjectName.ofCluster(config.nodeName());
    try (ServiceGroup group = ServiceGroup.open("flannel-own")) {
      Reflector<?> reflector =
          new Reflector<>(kubelet, Resources.NODES, Selection.named(own), nodes::onOwn);
      group.start("node", () -> guarded(reflector));
      while (nodes
          .lease(config.nodeName())
          .map(NodeLease::podCidrs)
          .filter(c -> !c.isEmpty())
          .isEmpty()) {
        nodes.awaitChange(LOOK);
      }
    }
  }

  private void followNodes() throws InterruptedException {
    KubeApi identity = identityThatMayList();
    guarded(new Reflector<>(identity, Resources.NODES, Selection.ALL, nodes::on));
  }

  private KubeApi identityThatMayList() throws InterruptedException {
    for (int attempt = 0; ; attempt++) {
      try {
        if (OwnNode.mayListNodes(kubelet)) {
          return kubelet;
        }
        if (OwnNode.mayListNodes(controller)) {
          return controller;
        }
        log.atDebug().log("no identity of this node may list nodes yet");
      } catch (KubeException e) {
        log.atDebug().addKeyValue("reason", e.getMessage()).log("cannot ask who may list nodes");
        if (e instanceof KubeException.Unavailable && !nodes.isRecalled()) {
          recallPeers();
        }
      }
      Sleeper.SYSTEM.sleep(RETRY.after(attempt, random));
    }
  }

  /** While no server answers, the peers are those of before, if the client remembers them. */
  private void recallPeers() throws InterruptedException {
    for (KubeApi identity : List.of(kubelet, controller)) {
      try {
        var known = identity.list(Resources.NODES, ListRequest.newest(Selection.ALL));
        nodes.recall(known.items());
        return;
      } catch (KubeException e) {
        log.atDebug().addKeyValue("reason", e.getMessage()).log("no peers are remembered");
      }
    }
  }

  /** A bug in the watch ends flannel, instead of leaving it deaf. */
  private void guarded(Reflector<?> reflector) throws InterruptedException {
    try {
      reflector.run();
    } catch (RuntimeException e) {
      nodes.fail(e);
    }
  }

  /** What waiting cannot mend ends the agent; the rest is tried again. */
  private PodNetwork firstStep(Reconciler reconciler) throws InterruptedException, IOException {
    for (int attempt = 0; ; attempt++) {
      Duration wait = RETRY.after(attempt, random);
      try {
        return reconciler.step(clock.instant());
      } catch (KubeException e) {
        warn(e, wait);
      } catch (LinuxException e) {
        if (!e.retryable()) {
          throw e;
        }
        warn(e, wait);
      }
      Sleeper.SYSTEM.sleep(wait);
    }
  }

  private void follow(Reconciler reconciler, NetworkChanges changes, BackendType backend)
      throws InterruptedException {
    Duration resync = backend == BackendType.HOST_GW ? RESYNC_HOST_GW : RESYNC;
    int failures = 0;
    Instant next = clock.instant().plus(after(reconciler, resync, failures));
    while (true) {
      boolean due = nodes.awaitChange(LOOK);
      due |= changes.changed();
      due |= !clock.instant().isBefore(next);
      List<InetAddress> news = servers.getAndSet(List.of());
      if (!news.isEmpty()) {
        reconciler.reconsider(news);
        due = true;
      }
      if (!due) {
        continue;
      }
      Sleeper.SYSTEM.sleep(GATHER);
      try {
        reconciler.step(clock.instant());
        failures = reconciler.isAnnounced() ? 0 : failures + 1;
        next = clock.instant().plus(after(reconciler, resync, failures));
      } catch (LinuxException
          | KubeException
          | UplinkException
          | IllegalStateException
          | IOException e) {
        Duration wait = RETRY.after(failures++, random);
        warn(e, wait);
        next = clock.instant().plus(wait);
      }
    }
  }

  private Duration after(Reconciler reconciler, Duration resync, int failures) {
    return reconciler.isAnnounced() ? resync : RETRY.after(failures, random);
  }

  private PeerRounds.Known knownPeers() {
    Collection<NodeLease> leases = nodes.leases();
    Set<String> ready =
        leases.stream().filter(NodeLease::ready).map(NodeLease::node).collect(Collectors.toSet());
    List<Peer> peers = new ArrayList<>();
    nodes
        .lease(config.nodeName())
        .ifPresent(
            own ->
                config
                    .networks()
                    .forEach(
                        (family, network) ->
                            Optional.ofNullable(own.podCidrs().get(family))
                                .map(
                                    subnet ->
                                        Peers.of(
                                            leases,
                                            family,
                                            config.backend().orElse(BackendType.VXLAN),
                                            own.node(),
                                            subnet,
                                            network))
                                .ifPresent(found -> peers.addAll(found.peers()))));
    return new PeerRounds.Known(peers, ready);
  }

  private void removeOurs() throws InterruptedException, IOException {
    for (Family family : Family.values()) {
      host.filter().delete(Masquerade.tableName(family));
    }
    WireguardDevice.removeAllBut(Set.of(), host.network());
    new FileKeeper(config).removeConflist();
  }

  private static void warn(Exception e, Duration wait) {
    log.atWarn()
        .addKeyValue("reason", e.getMessage())
        .addKeyValue("retryIn", wait)
        .log("the pod network is not as it should be, trying again");
  }
}
