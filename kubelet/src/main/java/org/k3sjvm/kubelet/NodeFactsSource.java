package org.k3sjvm.kubelet;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.admission.AppArmorHost;
import org.k3sjvm.kubelet.admission.Gatekeeper;
import org.k3sjvm.kubelet.admission.NodeFacts;

/** This node, for admission. */
final class NodeFactsSource implements Gatekeeper.NodeView {
  private final String name;
  private final Supplier<Optional<Node>> latest;
  private final Supplier<Map<String, Quantity>> allocatable;
  private final KubeApi api;
  private final boolean appArmor = AppArmorHost.enforces();

  NodeFactsSource(
      String name,
      Supplier<Optional<Node>> latest,
      Supplier<Map<String, Quantity>> allocatable,
      KubeApi api) {
    this.name = name;
    this.latest = latest;
    this.allocatable = allocatable;
    this.api = api;
  }

  @Override
  public NodeFacts facts() {
    return NodeFacts.of(name, latest.get(), allocatable.get(), appArmor);
  }

  /** Empty also before the node was ever seen: then the server is not asked in vain. */
  @Override
  public Optional<Node> live() throws InterruptedException {
    return latest.get().isEmpty()
        ? Optional.empty()
        : api.find(Resources.NODES, ObjectName.ofCluster(name));
  }

  @Override
  public NodeFacts facts(Node node) {
    return NodeFacts.of(name, Optional.of(node), allocatable.get(), appArmor);
  }
}
