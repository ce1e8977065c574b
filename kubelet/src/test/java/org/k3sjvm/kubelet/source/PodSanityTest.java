package org.k3sjvm.kubelet.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a server could send that is no API server, or a broken one. */
class PodSanityTest {
  @Test
  void aPodOfARealServerIsOne() {
    assertThat(PodSanity.fault(pod())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("lies")
  void whatCannotBeAPodIsLeftAlone(String why, Consumer<Pod> lie) {
    Pod pod = pod();
    lie.accept(pod);

    Optional<String> fault = PodSanity.fault(pod);

    assertThat(fault).hasValueSatisfying(f -> assertThat(f).contains(why));
  }

  static Stream<Arguments> lies() {
    return Stream.of(
        lie("no metadata", p -> p.setMetadata(null)),
        lie("no spec", p -> p.setSpec(null)),
        lie("uid", p -> p.getMetadata().setUid(null)),
        lie("uid", p -> p.getMetadata().setUid("")),
        lie("uid", p -> p.getMetadata().setUid("..")),
        lie("uid", p -> p.getMetadata().setUid("../../../etc")),
        lie("uid", p -> p.getMetadata().setUid("a\0b")),
        lie("uid", p -> p.getMetadata().setUid("u".repeat(300))),
        lie("namespace", p -> p.getMetadata().setNamespace("../x")),
        lie("name", p -> p.getMetadata().setName("../../etc/passwd")),
        lie("container", p -> container(p).setName("../../x")),
        lie("container", p -> container(p).setName(null)),
        lie("volume", p -> p.getSpec().getVolumes().add(volume(".."))));
  }

  private static Arguments lie(String why, Consumer<Pod> change) {
    return Arguments.of(why, change);
  }

  private static Container container(Pod pod) {
    return pod.getSpec().getContainers().getFirst();
  }

  private static Volume volume(String name) {
    Volume volume = new Volume();
    volume.setName(name);
    return volume;
  }

  private static Pod pod() {
    return new PodBuilder()
        .withNewMetadata()
        .withUid("3e9b8c9e-6b0f-4c39-9a53-8d2a1b1c6a77")
        .withNamespace("default")
        .withName("web")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("c")
        .endContainer()
        .endSpec()
        .build();
  }
}
