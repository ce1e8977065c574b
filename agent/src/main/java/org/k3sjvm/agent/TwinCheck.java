package org.k3sjvm.agent;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks, before a node starts to live, whether another machine lives as the same one. A copied disk
 * has the name, the password and the certificates of the original: servers cannot tell them apart,
 * and each would end the other's pods. The heartbeats of a Node that this machine did not report
 * give the twin away.
 */
final class TwinCheck {
  private static final Logger log = LoggerFactory.getLogger(TwinCheck.class);

  /** A kubelet renews its lease each 10 s. Source: kubelet v1.36 nodeLeaseDurationSeconds / 4. */
  static final Duration LISTEN = Duration.ofSeconds(15);

  /** Older heartbeats are nobody's any more, whatever the clocks say. */
  private static final Duration SILENT = Duration.ofMinutes(5);

  private static final Duration LOOK = Duration.ofSeconds(2);
  private static final Duration RETRY = Duration.ofSeconds(30);
  private static final String LEASES = "kube-node-lease";

  private final KubeApi api;
  private final Self self;
  private final InstantSource clock;
  private final Sleeper sleeper;

  /**
   * What tells this machine from others.
   *
   * @param name of the node
   * @param addresses that it will report, as text
   * @param bootId of the kernel that runs
   * @param machineId of the system that is installed
   */
  record Self(String name, List<String> addresses, String bootId, String machineId) {
    Self {
      addresses = List.copyOf(addresses);
    }

    /** Whether this machine, since its last boot, made the report. */
    boolean reported(Node node) {
      return hasAddressesOf(node)
          && !bootId.isEmpty()
          && node.getStatus().getNodeInfo() != null
          && bootId.equals(node.getStatus().getNodeInfo().getBootID());
    }

    /** Whether the report may be of an earlier boot of this machine. */
    private boolean mayHaveReported(Node node) {
      return hasAddressesOf(node)
          && node.getStatus().getNodeInfo() != null
          && machineId.equals(node.getStatus().getNodeInfo().getMachineID());
    }

    private boolean hasAddressesOf(Node node) {
      return new HashSet<>(addresses).equals(internal(node));
    }
  }

  TwinCheck(KubeApi api, Self self, InstantSource clock, Sleeper sleeper) {
    this.api = api;
    this.self = self;
    this.clock = clock;
    this.sleeper = sleeper;
  }

  /**
   * Returns when no other machine lives as this node. Where the API does not tell, it says nothing.
   *
   * @param waiting is told why this node does not start
   */
  void await(Consumer<String> waiting) throws InterruptedException {
    boolean told = false;
    while (true) {
      Optional<String> twin = look();
      if (twin.isEmpty()) {
        return;
      }
      (told ? log.atDebug() : log.atError())
          .addKeyValue("node", self.name())
          .addKeyValue("error", twin.get())
          .addKeyValue("retryIn", RETRY)
          .log("another machine lives as this node, not starting beside it");
      told = true;
      waiting.accept(twin.get());
      sleeper.sleep(RETRY);
    }
  }

  private Optional<String> look() throws InterruptedException {
    try {
      Optional<Node> node = api.find(Resources.NODES, ObjectName.ofCluster(self.name()));
      return node.isEmpty() || node.get().getStatus() == null || self.reported(node.get())
          ? Optional.empty()
          : listenTo(node.get());
    } catch (KubeException e) {
      log.atDebug().setCause(e).log("cannot see whether another machine lives as this node");
      return Optional.empty();
    }
  }

  private Optional<String> listenTo(Node node) throws InterruptedException {
    Optional<Instant> first = heartbeat();
    if (first.isEmpty()) {
      return Optional.empty();
    }
    Duration left = listenFor(Duration.between(first.get(), clock.instant()), node, self);
    while (left.isPositive()) {
      Duration nap = left.compareTo(LOOK) < 0 ? left : LOOK;
      sleeper.sleep(nap);
      left = left.minus(nap);
      if (!heartbeat().equals(first)) {
        return Optional.of(text(node));
      }
    }
    return Optional.empty();
  }

  /**
   * How long to listen for another heartbeat. After a boot of this machine the last one is its own,
   * and the time since then counts; of another machine the clock may be wrong.
   *
   * @param age of the last heartbeat
   */
  static Duration listenFor(Duration age, Node node, Self self) {
    if (age.compareTo(SILENT) > 0) {
      return Duration.ZERO;
    }
    return self.mayHaveReported(node) && age.isPositive() ? LISTEN.minus(age) : LISTEN;
  }

  private Optional<Instant> heartbeat() throws InterruptedException {
    return api.find(Resources.LEASES, new ObjectName(LEASES, self.name()))
        .map(Lease::getSpec)
        .flatMap(spec -> Optional.ofNullable(spec.getRenewTime()))
        .map(time -> time.toInstant());
  }

  private String text(Node node) {
    return "another machine lives as node %s at %s; if this disk is a copy, remove /etc/rancher/node here and give this machine a name of its own (--node-name or --with-node-id); otherwise stop the other one"
        .formatted(self.name(), String.join(", ", internal(node)));
  }

  private static Set<String> internal(Node node) {
    Set<String> addresses = new HashSet<>();
    for (NodeAddress address : node.getStatus().getAddresses()) {
      if (address.getType().equals("InternalIP")) {
        addresses.add(address.getAddress());
      }
    }
    return addresses;
  }
}
