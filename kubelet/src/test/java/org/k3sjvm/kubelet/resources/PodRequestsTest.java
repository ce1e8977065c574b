package org.k3sjvm.kubelet.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PodRequestsTest {
  @Test
  void addsContainersThatRunTogether() {
    PodSpec spec = new PodSpecBuilder().withContainers(asks("a", "100m"), asks("b", "1.5")).build();

    assertThat(cpu(spec)).isEqualTo(1600);
  }

  @Test
  void takesTheLargestInitContainerWhenItNeedsMore() {
    PodSpec spec =
        new PodSpecBuilder()
            .withContainers(asks("a", "100m"))
            .withInitContainers(asks("i", "300m"), asks("j", "200m"))
            .build();

    assertThat(cpu(spec)).isEqualTo(300);
  }

  @Test
  void countsSidecarsBesideWhatStartsAfterThem() {
    PodSpec before =
        new PodSpecBuilder()
            .withContainers(asks("a", "100m"))
            .withInitContainers(sidecar("s", "200m"), asks("i", "500m"))
            .build();
    PodSpec after =
        new PodSpecBuilder()
            .withContainers(asks("a", "100m"))
            .withInitContainers(asks("i", "500m"), sidecar("s", "200m"))
            .build();

    assertThat(cpu(before)).isEqualTo(700);
    assertThat(cpu(after)).isEqualTo(500);
  }

  @Test
  void thePodsOwnRequestTakesThePlaceOfItsContainersAndOverheadComesOnTop() {
    PodSpec spec =
        new PodSpecBuilder()
            .withContainers(asks("a", "100m"))
            .withNewResources()
            .addToRequests("cpu", new Quantity("2"))
            .addToRequests("example.com/gpu", new Quantity("2"))
            .endResources()
            .addToOverhead("cpu", new Quantity("250m"))
            .addToOverhead("memory", new Quantity("1Mi"))
            .build();

    assertThat(cpu(spec)).isEqualTo(2250);
    assertThat(PodRequests.whole(PodRequests.requests(spec), "memory")).isEqualTo(1 << 20);
    assertThat(PodRequests.requests(spec)).doesNotContainKey("example.com/gpu");
    assertThat(PodRequests.milli(PodRequests.requestsWithoutOverhead(spec), "cpu")).isEqualTo(2000);
  }

  @Test
  void overheadComesOnTopOfLimitsThatThereAre() {
    PodSpec spec =
        new PodSpecBuilder()
            .withContainers(limited("a", "100m"), asks("b", "1"))
            .addToOverhead("cpu", new Quantity("50m"))
            .addToOverhead("memory", new Quantity("1Mi"))
            .build();

    assertThat(PodRequests.milli(PodRequests.limits(spec), "cpu")).isEqualTo(150);
    assertThat(PodRequests.limits(spec)).doesNotContainKey("memory");
    assertThat(PodRequests.allLimited(spec, "cpu")).isFalse();
  }

  @Test
  void duringAChangeOfSizeThePodHoldsTheLargest() {
    Pod pod =
        new PodBuilder()
            .withNewSpec()
            .withContainers(asks("a", "100m"))
            .endSpec()
            .withNewStatus()
            .addNewContainerStatus()
            .withName("a")
            .addToAllocatedResources("cpu", new Quantity("200m"))
            .withNewResources()
            .addToRequests("cpu", new Quantity("300m"))
            .endResources()
            .endContainerStatus()
            .endStatus()
            .build();

    assertThat(PodRequests.milli(PodRequests.requests(pod), "cpu")).isEqualTo(300);
  }

  @Test
  void aChangeThatCanNeverBeMadeDoesNotCount() {
    Pod pod =
        new PodBuilder()
            .withNewSpec()
            .withContainers(asks("a", "900m"))
            .endSpec()
            .withNewStatus()
            .addNewCondition()
            .withType("PodResizePending")
            .withReason("Infeasible")
            .endCondition()
            .addNewContainerStatus()
            .withName("a")
            .addToAllocatedResources("cpu", new Quantity("200m"))
            .withNewResources()
            .endResources()
            .endContainerStatus()
            .endStatus()
            .build();

    assertThat(PodRequests.milli(PodRequests.requests(pod), "cpu")).isEqualTo(200);
  }

  @Test
  void partsOfAUnitAreRoundedUp() {
    PodSpec spec = new PodSpecBuilder().withContainers(asks("a", "1500u")).build();

    assertThat(cpu(spec)).isEqualTo(2);
    assertThat(PodRequests.whole(Map.of(), "memory")).isZero();
  }

  private static long cpu(PodSpec spec) {
    return PodRequests.milli(PodRequests.requests(spec), "cpu");
  }

  private static Container asks(String name, String cpu) {
    return new ContainerBuilder()
        .withName(name)
        .withNewResources()
        .addToRequests("cpu", new Quantity(cpu))
        .endResources()
        .build();
  }

  private static Container sidecar(String name, String cpu) {
    return asks(name, cpu).edit().withRestartPolicy("Always").build();
  }

  private static Container limited(String name, String cpu) {
    return new ContainerBuilder()
        .withName(name)
        .withNewResources()
        .addToLimits("cpu", new Quantity(cpu))
        .endResources()
        .build();
  }
}
