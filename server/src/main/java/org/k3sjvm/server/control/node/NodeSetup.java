package org.k3sjvm.server.control.node;

import static org.k3sjvm.server.control.cluster.Fields.array;
import static org.k3sjvm.server.control.cluster.Fields.guarded;
import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.merge;
import static org.k3sjvm.server.control.cluster.Fields.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.Taint;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.Reconciler;

/**
 * Gives a new node its pod subnets and, in the part of a cloud controller, its addresses, provider
 * id and labels, and takes away the taint that says that these are missing.
 */
public final class NodeSetup implements Reconciler<ObjectName> {
  static final String UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized";

  private static final String PROVIDER = "k3s";
  private static final List<String> TYPE_LABELS =
      List.of("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type");

  private final Cluster cluster;
  private final PodNetworks networks;
  private final boolean asCloudController;

  public NodeSetup(Cluster cluster, PodNetworks networks, boolean asCloudController) {
    this.cluster = cluster;
    this.networks = networks;
    this.asCloudController = asCloudController;
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<Node> found = cluster.nodes().find(name);
    if (found.isEmpty() || cluster.nodes().isDeleting(found.get())) {
      return NO_LATER_LOOK;
    }
    Node node = assignSubnets(found.get());
    if (asCloudController) {
      Optional<List<NodeAddress>> addresses =
          CloudAddresses.of(Fields.annotations(node), Fields.labels(node));
      if (addresses.isPresent()) {
        initialize(publish(node, addresses.get()));
      }
    }
    return NO_LATER_LOOK;
  }

  private Node assignSubnets(Node node) throws InterruptedException {
    if (node.getSpec() != null && !text(node.getSpec().getPodCIDR()).isEmpty()) {
      return node;
    }
    Optional<List<Cidr>> free = networks.firstFree(taken());
    if (free.isEmpty()) {
      cluster
          .events()
          .normal(
              "cidrAllocator",
              Resources.NODES,
              node,
              "CIDRNotAvailable",
              "Node " + node.getMetadata().getName() + " status is now: CIDRNotAvailable");
      return node;
    }
    List<String> subnets = free.get().stream().map(Cidr::toString).toList();
    ObjectNode body = guarded(node);
    ObjectNode spec = body.putObject("spec").put("podCIDR", subnets.getFirst());
    subnets.forEach(spec.putArray("podCIDRs")::add);
    return wrote(cluster.api().patch(Resources.NODES, ObjectName.of(node), merge(body)));
  }

  private Set<Cidr> taken() {
    Set<Cidr> taken = new HashSet<>();
    for (Node other : cluster.nodes().all()) {
      if (other.getSpec() != null) {
        list(other.getSpec().getPodCIDRs()).forEach(cidr -> taken.add(Cidr.parse(cidr)));
        if (!text(other.getSpec().getPodCIDR()).isEmpty()) {
          taken.add(Cidr.parse(other.getSpec().getPodCIDR()));
        }
      }
    }
    return taken;
  }

  private Node publish(Node node, List<NodeAddress> addresses) throws InterruptedException {
    if (node.getStatus() != null && addresses.equals(list(node.getStatus().getAddresses()))) {
      return node;
    }
    ObjectNode body = KubeJson.newObject();
    body.putObject("status").set("addresses", array(addresses));
    return wrote(cluster.api().patchStatus(Resources.NODES, ObjectName.of(node), merge(body)));
  }

  private void initialize(Node node) throws InterruptedException {
    List<Taint> taints = node.getSpec() == null ? List.of() : list(node.getSpec().getTaints());
    List<Taint> kept =
        taints.stream().filter(taint -> !UNINITIALIZED.equals(taint.getKey())).toList();
    boolean tainted = kept.size() < taints.size();
    boolean unnamed = node.getSpec() == null || text(node.getSpec().getProviderID()).isEmpty();
    boolean unlabelled =
        TYPE_LABELS.stream().anyMatch(label -> !Fields.labels(node).containsKey(label));
    if (!tainted && !unnamed && !unlabelled) {
      return;
    }
    ObjectNode body = guarded(node);
    if (unlabelled) {
      ObjectNode labels = body.withObjectProperty("metadata").putObject("labels");
      TYPE_LABELS.forEach(label -> labels.put(label, PROVIDER));
    }
    if (unnamed) {
      body.withObjectProperty("spec")
          .put("providerID", PROVIDER + "://" + node.getMetadata().getName());
    }
    if (tainted) {
      body.withObjectProperty("spec").set("taints", array(kept));
    }
    var _ = wrote(cluster.api().patch(Resources.NODES, ObjectName.of(node), merge(body)));
  }

  private Node wrote(Node node) {
    cluster.nodes().wrote(node);
    return node;
  }
}
