package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.pod.DesiredPod;

/** Pods and a node to try admission with. */
final class PodFixtures {
  static final NodeFacts NODE =
      new NodeFacts(
          "n1",
          Map.of("kubernetes.io/os", "linux", "zone", "a", "size", "5"),
          List.of(),
          Map.of(
              "cpu",
              BigDecimal.valueOf(2),
              "memory",
              BigDecimal.valueOf(1000),
              "pods",
              BigDecimal.valueOf(3)),
          false,
          false);

  private PodFixtures() {}

  static NodeFacts tainted(String effect) {
    return new NodeFacts(
        NODE.name(),
        NODE.labels(),
        List.of(new TaintBuilder().withKey("k").withValue("v").withEffect(effect).build()),
        NODE.allocatable(),
        false,
        false);
  }

  static PodBuilder pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .withUid(name)
        .endMetadata()
        .withNewSpec()
        .withNodeName("n1")
        .addNewContainer()
        .withName("c")
        .withImage("i")
        .endContainer()
        .endSpec();
  }

  static Pod asking(String name, String cpu) {
    return pod(name)
        .editSpec()
        .editFirstContainer()
        .withNewResources()
        .addToRequests("cpu", new Quantity(cpu))
        .endResources()
        .endContainer()
        .endSpec()
        .build();
  }

  static Pod port(String name, @Nullable String ip, @Nullable String protocol, int port) {
    return pod(name)
        .editSpec()
        .editFirstContainer()
        .addNewPort()
        .withHostIP(ip)
        .withProtocol(protocol)
        .withHostPort(port)
        .withContainerPort(port)
        .endPort()
        .endContainer()
        .endSpec()
        .build();
  }

  static Pod critical(Pod pod) {
    return new PodBuilder(pod).editSpec().withPriority(2_000_000_000).endSpec().build();
  }

  static Pod fixed(Pod pod) {
    return new PodBuilder(pod)
        .editMetadata()
        .addToAnnotations(PodKind.SOURCE, "file")
        .addToAnnotations(PodKind.HASH, pod.getMetadata().getUid())
        .endMetadata()
        .build();
  }

  static DesiredPod desired(Pod pod) {
    return DesiredPod.of(pod);
  }
}
