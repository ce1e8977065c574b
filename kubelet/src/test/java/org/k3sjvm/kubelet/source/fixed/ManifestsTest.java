package org.k3sjvm.kubelet.source.fixed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.kubelet.resources.PodRequests;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class ManifestsTest {
  @Test
  void aFieldWithNothingBehindTheColonIsNotThere() throws Exception {
    Pod pod =
        read(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: a, labels: }
            spec:
              volumes:
              containers:
              - name: c
                image: i
                ports:
                env:
                resources: {limits: {cpu: , memory: 1Gi}}
            """);
    assertThat(pod.getSpec().getContainers().getFirst().getPorts()).isEmpty();
    assertThat(pod.getSpec().getContainers().getFirst().getResources().getLimits())
        .containsOnlyKeys("memory");
  }

  @Test
  void anAmountOfAnyExponentCanBeReckonedWith() throws Exception {
    Pod pod = read(of("1e999999999"));
    assertThat(PodRequests.milli(PodRequests.requests(pod), "cpu")).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void anAmountThatIsNoneIsTold() {
    assertThatThrownBy(() -> read(of("3n2147483647")))
        .isInstanceOf(ManifestException.class)
        .hasMessageContaining("quantity");
  }

  @Test
  void aManifestThatIsAPartOfItselfIsTold() {
    assertThatThrownBy(() -> read("&a {kind: Pod, apiVersion: v1, metadata: *a}"))
        .isInstanceOf(ManifestException.class)
        .hasMessageContaining("not YAML");
  }

  private static String of(String cpu) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: a}
    spec: {containers: [{name: c, image: i, resources: {requests: {cpu: "%s"}}}]}
    """
        .formatted(cpu);
  }

  private static Pod read(String text) throws ManifestException {
    return new Manifests("node").ofFile(text.getBytes(StandardCharsets.UTF_8), "/a.yaml");
  }
}
