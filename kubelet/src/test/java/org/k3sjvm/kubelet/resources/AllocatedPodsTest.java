package org.k3sjvm.kubelet.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.kubelet.pod.PodUid;

class AllocatedPodsTest {
  /** As a kubelet of Kubernetes writes it, with its checksum. */
  private static final String UPSTREAM =
      "{\"data\":\"{\\\"entries\\\":{\\\"u1\\\":{\\\"ContainerResources\\\":{\\\"a\\\":"
          + "{\\\"requests\\\":{\\\"cpu\\\":\\\"100m\\\"}}},\\\"PodLevelResources\\\":null}}}\","
          + "\"checksum\":1032814325}";

  @TempDir private Path root;

  @Test
  void readsAndWritesTheFileOfKubernetes() throws IOException {
    Files.writeString(root.resolve(AllocatedPods.FILE), UPSTREAM);

    AllocatedPods state = AllocatedPods.open(root);
    state.flush();

    assertThat(state.of(new PodUid("u1")))
        .contains(AllocatedPods.Allocation.of(asking("100m").getSpec()));
    assertThat(root.resolve(AllocatedPods.FILE)).hasContent(UPSTREAM);
  }

  @Test
  void aPodKeepsWhatItWasGivenWhenItAsksForMore() {
    AllocatedPods state = AllocatedPods.open(root);
    state.set(new PodUid("u1"), AllocatedPods.Allocation.of(asking("100m").getSpec()));

    Pod applied = state.applied(asking("2"));

    assertThat(applied.getSpec()).isEqualTo(asking("100m").getSpec());
    Pod alike = asking("100m");
    assertThat(state.applied(alike)).isSameAs(alike);
  }

  @Test
  void aDamagedFileCountsAsNone() throws IOException {
    Files.writeString(root.resolve(AllocatedPods.FILE), UPSTREAM.replace("100m", "200m"));

    assertThat(AllocatedPods.open(root).of(new PodUid("u1"))).isEmpty();
  }

  @Test
  void podsThatAreGoneLeaveTheFile() throws IOException {
    Files.writeString(root.resolve(AllocatedPods.FILE), UPSTREAM);
    AllocatedPods state = AllocatedPods.open(root);

    state.retain(Set.of());
    state.flush();

    assertThat(AllocatedPods.open(root).of(new PodUid("u1"))).isEmpty();
  }

  private static Pod asking(String cpu) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("p")
        .withUid("u1")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("a")
        .withNewResources()
        .addToRequests("cpu", new Quantity(cpu))
        .endResources()
        .endContainer()
        .endSpec()
        .build();
  }
}
