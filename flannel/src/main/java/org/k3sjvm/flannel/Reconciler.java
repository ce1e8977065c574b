package org.k3sjvm.flannel;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.backend.VxlanDevice;
import org.k3sjvm.flannel.backend.WireguardDevice;
import org.k3sjvm.flannel.files.PodNetwork;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.FlannelAnnotations;
import org.k3sjvm.flannel.lease.FlannelAnnotations.OwnPart;
import org.k3sjvm.flannel.lease.NodeLease;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.flannel.lease.Peers;
import org.k3sjvm.flannel.plan.Changes;
import org.k3sjvm.flannel.plan.Entries;
import org.k3sjvm.flannel.rules.ForwardPolicy;
import org.k3sjvm.flannel.uplink.Uplink;
import org.k3sjvm.flannel.uplink.UplinkException;
import org.k3sjvm.flannel.uplink.UplinkWishes;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The body of flannel, without its thread: one step looks at the host and at what the nodes say,
 * and makes the one fit the other. Each step does the whole, so that it does not matter what was
 * missed, or who changed what. One thread only.
 */
final class Reconciler {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

  private final FlannelConfig config;
  private final BackendType backend;
  private final FlannelHost host;
  private final NodeTable nodes;
  private final OwnNode ownNode;
  private final RuleKeeper rules;
  private final FileKeeper files;
  private final Map<Family, Cidr> networks;
  private final Map<Family, VxlanDevice> devices = new EnumMap<>(Family.class);
  private final Optional<WireguardKeeper> wireguard;

  /** What cannot be observed: which interface was chosen, and what peers know us by. */
  private Optional<Uplink.Choice> choice = Optional.empty();

  private UplinkWishes wishes;
  private boolean choiceDoubted;
  private Map<Family, InetAddress> addresses;
  private final Map<Family, MacAddress> macs = new EnumMap<>(Family.class);
  private Optional<NodeLease> lastOwn = Optional.empty();
  private Set<String> doubtsTold = Set.of();
  private boolean staleListChecked;
  private boolean earlierBackendRemoved;
  private boolean overwritesSettled;
  private boolean announced = true;

  Reconciler(
      FlannelConfig config,
      BackendType backend,
      FlannelHost host,
      NodeTable nodes,
      OwnNode ownNode,
      Optional<WireGuard> tunnels,
      RandomGenerator random) {
    this.config = config;
    this.backend = backend;
    this.host = host;
    this.nodes = nodes;
    this.ownNode = ownNode;
    this.networks = config.networks();
    this.wishes = config.uplink();
    this.addresses = wishes.preferred();
    this.rules = new RuleKeeper(host.filter(), new ForwardPolicy(host.commands()));
    this.files = new FileKeeper(config);
    this.wireguard = tunnels.map(port -> new WireguardKeeper(config, host.network(), port));
    for (Family family : Family.values()) {
      devices.put(
          family, new VxlanDevice(host.network(), host.sysctls(), random, family, config.vxlan()));
    }
  }

  /**
   * One step. The kernel comes first, so that traffic is mended while the API server is away.
   *
   * @return what pods get; they can be attached when this returns
   * @throws IllegalStateException when the node has no fit pod network
   */
  PodNetwork step(Instant now) throws InterruptedException, IOException {
    NodeLease own = ownLease();
    Map<Family, Cidr> subnets = subnets(own);
    Uplink uplink = uplink(own);
    PodNetwork pods = new PodNetwork(networks, subnets, podMtuBytes(uplink));
    if (!staleListChecked) {
      files.removeStale(pods);
      staleListChecked = true;
    }
    removeEarlierBackend(uplink);
    List<LinuxException> failures = new ArrayList<>();
    Set<String> doubts = new LinkedHashSet<>();
    Map<Family, OwnPart> parts =
        wireguard.isPresent()
            ? encrypted(wireguard.get(), subnets, uplink, now, doubts, failures)
            : plain(own, subnets, uplink, doubts, failures);
    tell(doubts);
    rules.ensure(networks, subnets, config.ipv6Masquerade(), now);
    if (nodes.lease(config.nodeName()).isPresent()) {
      announce(own, parts);
    }
    files.ensure(pods, backend);
    throwFirst(failures);
    return pods;
  }

  private Map<Family, OwnPart> plain(
      NodeLease own,
      Map<Family, Cidr> subnets,
      Uplink uplink,
      Set<String> doubts,
      List<LinuxException> failures) {
    Map<Family, OwnPart> parts = new EnumMap<>(Family.class);
    for (Map.Entry<Family, Cidr> entry : subnets.entrySet()) {
      Family family = entry.getKey();
      Optional<Link> device = device(own, family, entry.getValue(), uplink);
      Optional<MacAddress> mac = device.flatMap(Link::mac);
      mac.ifPresent(known -> macs.put(family, known));
      parts.put(
          family,
          new OwnPart(
              addresses.getOrDefault(family, entry.getValue().address()),
              mac.map(known -> FlannelAnnotations.vxlanData(config.vxlan().vni(), known))
                  .orElse(FlannelAnnotations.NULL_DATA)));
      if (nodes.isComplete() || nodes.isRecalled()) {
        failures.addAll(meetPeers(family, entry.getValue(), device, uplink, doubts));
      }
    }
    return parts;
  }

  private Map<Family, OwnPart> encrypted(
      WireguardKeeper keeper,
      Map<Family, Cidr> subnets,
      Uplink uplink,
      Instant now,
      Set<String> doubts,
      List<LinuxException> failures)
      throws IOException {
    boolean complete = nodes.isComplete();
    WireguardKeeper.Outcome outcome =
        keeper.ensure(
            uplink,
            subnets,
            complete || nodes.isRecalled() ? Optional.of(nodes.leases()) : Optional.empty(),
            complete,
            now);
    failures.addAll(outcome.failures());
    doubts.addAll(outcome.doubts());
    Map<Family, OwnPart> parts = new EnumMap<>(Family.class);
    for (Map.Entry<Family, Cidr> entry : subnets.entrySet()) {
      parts.put(
          entry.getKey(),
          new OwnPart(
              addresses.getOrDefault(entry.getKey(), entry.getValue().address()),
              keeper.announcement(entry.getKey())));
    }
    return parts;
  }

  /** Pods of this node need no server to reach each other, nor peers that know it as it is. */
  private void announce(NodeLease own, Map<Family, OwnPart> parts) throws InterruptedException {
    try {
      Map<String, String> present = new HashMap<>(own.annotations());
      if (!overwritesSettled) {
        Map<String, Optional<String>> overwrites =
            FlannelAnnotations.overwrites(config.announced());
        ownNode.settle(own, overwrites, nodes);
        overwritesSettled = true;
        overwrites.forEach(
            (key, value) ->
                value.ifPresentOrElse(text -> present.put(key, text), () -> present.remove(key)));
      }
      ownNode.announce(own, FlannelAnnotations.own(backend, parts, present), nodes);
      announced = true;
    } catch (KubeException.Unavailable e) {
      if (announced) {
        log.atWarn()
            .addKeyValue("reason", e.statusMessage())
            .log("cannot announce the pod network to the peers, trying again");
      }
      announced = false;
    }
  }

  /** Whether the peers know this node as it is; the step is to be repeated soon if not. */
  boolean isAnnounced() {
    return announced;
  }

  /** Makes the next step look at every rule. */
  void distrustRules() {
    rules.distrust();
  }

  /** While the Node object is gone we go on with what it last said. */
  private NodeLease ownLease() {
    Optional<NodeLease> fresh =
        nodes.lease(config.nodeName()).filter(lease -> !lease.podCidrs().isEmpty());
    if (fresh.isPresent()) {
      lastOwn = fresh;
    }
    return lastOwn.orElseThrow(
        () -> new IllegalStateException("node " + config.nodeName() + " has no pod CIDR yet"));
  }

  private Map<Family, Cidr> subnets(NodeLease own) {
    Map<Family, Cidr> subnets = new EnumMap<>(Family.class);
    networks.forEach(
        (family, network) -> {
          Cidr subnet = own.podCidrs().get(family);
          if (subnet == null) {
            throw new IllegalStateException(
                "node " + own.node() + " has no " + family + " pod CIDR, but " + nameOf(network));
          }
          if (subnet.prefixLength() < network.prefixLength()
              || !network.contains(subnet.address())) {
            throw new IllegalStateException(
                "pod CIDR " + subnet + " of node " + own.node() + " is not in " + nameOf(network));
          }
          subnets.put(family, subnet);
        });
    return subnets;
  }

  private String nameOf(Cidr network) {
    return config
        .networksFile()
        .map(
            file ->
                network
                    + " of "
                    + file
                    + " (--flannel-conf): write there what the servers have as --cluster-cidr, and"
                    + " start the agent again")
        .orElse("the cluster's " + network);
  }

  /** The server has these addresses: the next step chooses the interface anew. */
  void reconsider(List<InetAddress> servers) {
    wishes = wishes.towards(servers);
    choiceDoubted = true;
  }

  private Uplink uplink(NodeLease own) {
    HostNetwork network = host.network();
    Uplink.Choice chosen = chosen(own);
    String name = chosen.name();
    boolean another = choice.map(Uplink.Choice::name).filter(name::equals).isEmpty();
    Uplink uplink =
        Uplink.resolve(network, name, networks.keySet(), another ? wishes.preferred() : addresses);
    choice = Optional.of(chosen);
    addresses = uplink.addresses();
    if (another) {
      tell(chosen, uplink);
    }
    return uplink;
  }

  /**
   * As it was, unless there is reason to ask again; one that is in use is not given up for none.
   */
  private Uplink.Choice chosen(NodeLease own) {
    if (choice.isPresent() && !choiceDoubted) {
      return choice.get();
    }
    choiceDoubted = false;
    List<InetAddress> former =
        networks.keySet().stream()
            .flatMap(family -> FlannelAnnotations.publicIp(own.annotations(), family).stream())
            .toList();
    try {
      return Uplink.choose(host.network(), networks.keySet(), wishes.knownAs(former));
    } catch (UplinkException e) {
      return choice.orElseThrow(() -> e);
    }
  }

  private void tell(Uplink.Choice chosen, Uplink uplink) {
    log.atInfo()
        .addKeyValue("interface", chosen.name())
        .addKeyValue("reason", chosen.reason())
        .addKeyValue("addresses", uplink.addresses().values())
        .addKeyValue("mtu", uplink.link().mtuBytes())
        .log("interface of the pod network chosen");
    List<InetAddress> nodeIps = wishes.nodeIps();
    if (!nodeIps.isEmpty() && uplink.addresses().values().stream().noneMatch(nodeIps::contains)) {
      log.atWarn()
          .addKeyValue("interface", chosen.name())
          .addKeyValue("nodeIps", nodeIps)
          .log("the pod network does not use the node's address; name it with --flannel-iface");
    }
  }

  private int podMtuBytes(Uplink uplink) {
    return switch (backend) {
      case VXLAN -> device(Family.IPV4).mtuBytes(uplink);
      case HOST_GW -> uplink.link().mtuBytes();
      case WIREGUARD -> wireguard.orElseThrow().mtuBytes(uplink);
    };
  }

  private Optional<Link> device(NodeLease own, Family family, Cidr subnet, Uplink uplink) {
    if (backend != BackendType.VXLAN) {
      return Optional.empty();
    }
    Optional<MacAddress> announced =
        Optional.ofNullable(macs.get(family))
            .or(() -> FlannelAnnotations.mac(own.annotations(), family));
    Cidr network = networks.getOrDefault(family, subnet);
    return Optional.of(device(family).ensure(uplink, subnet, network, announced));
  }

  private List<LinuxException> meetPeers(
      Family family, Cidr subnet, Optional<Link> device, Uplink uplink, Set<String> doubts) {
    Cidr network = networks.getOrDefault(family, subnet);
    Peers peers = Peers.of(nodes.leases(), family, backend, config.nodeName(), subnet, network);
    doubts.addAll(peers.doubts());
    int uplinkIndex = uplink.link().index();
    Entries wanted =
        device
            .map(link -> wantedOnVxlan(peers.peers(), link.index(), uplinkIndex))
            .orElseGet(() -> Entries.wantedOnUplink(peers.peers(), uplinkIndex));
    List<Integer> own = device.map(Link::index).stream().toList();
    Changes all =
        Changes.between(Entries.found(host.network(), family, own, uplinkIndex, network), wanted);
    Changes changes = nodes.isComplete() ? all : all.withoutRemovals();
    if (changes.isEmpty()) {
      return List.of();
    }
    List<LinuxException> failures = changes.apply(host.network());
    log.atInfo()
        .addKeyValue("family", family)
        .addKeyValue("peers", peers.peers().size())
        .addKeyValue("changes", changes.size())
        .addKeyValue("failed", failures.size())
        .log("ways to other nodes' pods changed");
    return failures;
  }

  private Entries wantedOnVxlan(List<Peer> peers, int device, int uplink) {
    if (!config.vxlan().directRouting()) {
      return Entries.wantedOnVxlan(peers, device);
    }
    List<Cidr> near =
        host.network().addresses(uplink).stream()
            .map(one -> Cidr.containing(one.address(), one.prefixLength()))
            .toList();
    Map<Boolean, List<Peer>> byNearness =
        peers.stream()
            .collect(
                Collectors.partitioningBy(
                    peer -> near.stream().anyMatch(one -> one.contains(peer.publicIp()))));
    return Entries.wantedOnVxlan(byNearness.getOrDefault(false, List.of()), device)
        .and(Entries.wantedOnUplink(byNearness.getOrDefault(true, List.of()), uplink));
  }

  private void tell(Set<String> doubts) {
    doubts.stream()
        .filter(doubt -> !doubtsTold.contains(doubt))
        .forEach(doubt -> log.atWarn().addKeyValue("reason", doubt).log("doubtful pod CIDR"));
    doubtsTold = doubts;
  }

  private void removeEarlierBackend(Uplink uplink) {
    if (earlierBackendRemoved) {
      return;
    }
    for (Family family : Family.values()) {
      if (backend != BackendType.VXLAN || !networks.containsKey(family)) {
        device(family).remove();
      }
    }
    if (backend == BackendType.WIREGUARD) {
      removeGateways(uplink);
    } else {
      WireguardDevice.removeAllBut(Set.of(), host.network());
    }
    earlierBackendRemoved = true;
  }

  /** Routes of host-gw are narrower than those into the tunnels, and would pass them by. */
  private void removeGateways(Uplink uplink) {
    networks.forEach(
        (family, network) -> {
          Entries found =
              Entries.found(host.network(), family, List.of(), uplink.link().index(), network);
          throwFirst(Changes.between(found, Entries.NONE).apply(host.network()));
        });
  }

  private VxlanDevice device(Family family) {
    VxlanDevice device = devices.get(family);
    if (device == null) {
      throw new IllegalStateException("no device for " + family);
    }
    return device;
  }

  private static void throwFirst(List<LinuxException> failures) {
    if (!failures.isEmpty()) {
      LinuxException first = failures.getFirst();
      failures.stream().skip(1).limit(10).forEach(first::addSuppressed);
      throw first;
    }
  }
}
