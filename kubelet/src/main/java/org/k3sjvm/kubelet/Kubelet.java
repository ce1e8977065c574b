package org.k3sjvm.kubelet;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kubelet.event.EventRecorder;
import org.k3sjvm.kubelet.pod.PodLookup;
import org.k3sjvm.kubelet.pod.PodNetworkGate;
import org.k3sjvm.kubelet.runtime.RuntimeWatch;
import org.k3sjvm.kubelet.trace.PodStarts;
import org.k3sjvm.kubelet.volume.PodVolumes;
import org.k3sjvm.linux.cgroup.Cgroups;

/**
 * The pods of this node: follows the API server's wishes until it is interrupted. Containers go on
 * running when it ends, and are adopted by the next one.
 */
public final class Kubelet implements Service {
  private final Pods pods;

  /**
   * What a kubelet speaks to.
   *
   * @param allocatable the node's resources, which containers without limits are told of
   * @param node the Node object, which pods are measured against
   * @param network whether pods may use their addresses yet
   */
  public record Ports(
      ContainerRuntime runtime,
      ImageService images,
      KubeApi api,
      PodVolumes volumes,
      Cgroups cgroups,
      Supplier<Map<String, Quantity>> allocatable,
      NodeObject node,
      PodNetworkGate network) {

    /** For a kubelet that is not told of its Node. */
    public Ports(
        ContainerRuntime runtime,
        ImageService images,
        KubeApi api,
        PodVolumes volumes,
        Cgroups cgroups,
        Supplier<Map<String, Quantity>> allocatable) {
      this(
          runtime,
          images,
          api,
          volumes,
          cgroups,
          allocatable,
          NodeObject.UNKNOWN,
          PodNetworkGate.OPEN);
    }
  }

  /**
   * The Node object as somebody else follows it.
   *
   * @param latest as last seen; does not block
   * @param known opens when there is one; until then the API server's pods wait
   */
  public record NodeObject(Supplier<Optional<Node>> latest, Optional<Gate<Node>> known) {
    static final NodeObject UNKNOWN = new NodeObject(Optional::empty, Optional.empty());
  }

  public Kubelet(KubeletConfig config, Ports ports) {
    pods =
        new Pods(
            config,
            ports.runtime(),
            ports.images(),
            ports.api(),
            ports.volumes(),
            ports.cgroups(),
            ports.allocatable(),
            ports.node(),
            ports.network());
  }

  /** The pods, for those who serve logs, commands and statistics. */
  public PodLookup pods() {
    return pods.lookup();
  }

  /** Writes events, also about the node. */
  public EventRecorder events() {
    return pods.events();
  }

  /** Knows whether the runtime answers. */
  public RuntimeWatch runtimeWatch() {
    return pods.watch();
  }

  /** How pods started. */
  public PodStarts podStarts() {
    return pods.starts();
  }

  /** Opens once the API server has said which pods there are. */
  public Gate<Boolean> synced() {
    return pods.synced();
  }

  /** Blocks until interrupted. */
  @Override
  public void run() throws InterruptedException {
    pods.run();
  }
}
