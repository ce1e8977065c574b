package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.net.InetAddress;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.tunnel.EgressDecision;
import org.k3sjvm.tunnel.EgressMode;
import org.k3sjvm.tunnel.EgressRules;

class EgressPodsTest {
  private final EgressPods pods =
      new EgressPods(new FakeKubeApi(), "n1", Set.of(InetAddress.ofLiteral("192.0.2.1")));
  private final EgressRules rules =
      new EgressRules(EgressMode.POD, new HostPort("127.0.0.1", 10250));

  @Test
  void podsAreReachedAtEachPortAndTheNodeAtThePortsOfItsHostPods() {
    assertThat(allows("10.42.0.7:8080")).isFalse();
    pods.on(new ReflectorEvent.Added<>(pod("a")));
    pods.on(new ReflectorEvent.Added<>(hostPod()));
    assertThat(allows("10.42.0.7:8080")).isTrue();
    assertThat(allows("10.42.0.8:8080")).isFalse();
    assertThat(allows("192.0.2.1:9100")).isTrue();
    assertThat(allows("192.0.2.1:9101")).isFalse();
    assertThat(allows("192.0.2.1:22")).isFalse();
    assertThat(allows("127.0.0.1:10250")).isTrue();
  }

  @Test
  void aPodThatIsGoneOrGoingIsNotReached() {
    pods.on(new ReflectorEvent.Added<>(pod("a")));
    pods.on(
        new ReflectorEvent.Modified<>(
            pod("a").edit().editMetadata().withDeletionTimestamp("x").endMetadata().build()));
    assertThat(allows("10.42.0.7:8080")).isFalse();
    pods.on(new ReflectorEvent.Modified<>(pod("a")));
    assertThat(allows("10.42.0.7:8080")).isTrue();
    pods.on(new ReflectorEvent.Deleted<>(new ObjectName("default", "a"), "1"));
    assertThat(allows("10.42.0.7:8080")).isFalse();
  }

  private boolean allows(String address) {
    return rules.decide("tcp", address, pods.view()) instanceof EgressDecision.Allowed;
  }

  private static Pod pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .endSpec()
        .withNewStatus()
        .addNewPodIP()
        .withIp("10.42.0.7")
        .endPodIP()
        .endStatus()
        .build();
  }

  private static Pod hostPod() {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName("host")
        .endMetadata()
        .withNewSpec()
        .withHostNetwork(true)
        .addNewContainer()
        .addNewPort()
        .withContainerPort(9100)
        .withProtocol("TCP")
        .endPort()
        .addNewPort()
        .withContainerPort(9101)
        .withProtocol("UDP")
        .endPort()
        .endContainer()
        .endSpec()
        .build();
  }
}
