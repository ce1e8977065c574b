package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.kube.Resources;

/** Images of containers and of volumes. */
class KubeletImagesTest extends KubeletFixture {
  @Test
  void showsAnImageThatCannotBePulled() throws InterruptedException {
    PodBuilder pod = pod("web");
    pod.editSpec().editFirstContainer().withImage("nowhere/none:1").endContainer().endSpec();
    api.create(Resources.PODS, pod.build());

    await("web", p -> "ErrImagePull".equals(waiting(p)));
    await("web", p -> "ImagePullBackOff".equals(waiting(p)));
  }

  @Test
  void showsAnImageAsAVolumeOnceItIsPulled() throws InterruptedException {
    runtime.images().offer("docker.io/library/data:1");
    api.create(Resources.PODS, withImageVolume(pod("web"), "docker.io/library/data:1").build());

    await("web", KubeletFixture::isReady);

    Mount mount = runtime.configOf(containers().getFirst().id()).mounts().getFirst();
    assertThat(mount.containerPath()).isEqualTo("/data");
    assertThat(mount.hostPath()).isEmpty();
    assertThat(mount.readonly()).isTrue();
    assertThat(mount.imageSubPath()).isEqualTo("part");
    assertThat(mount.image().map(ImageSpec::userSpecifiedImage))
        .contains("docker.io/library/data:1");
    assertThat(mount.image().map(ImageSpec::annotations)).contains(Map.of("team", "a"));
    assertThat(mount.image().map(ImageSpec::image)).isEqualTo(image("docker.io/library/data:1"));
    Eventually.holds(PATIENCE, () -> reasons().contains("Started"), () -> reasons().toString());
    assertThat(reasons()).containsSubsequence("Pulling", "Pulled", "Pulled", "Created");
  }

  @Test
  void showsAVolumesImageThatCannotBePulled() throws InterruptedException {
    api.create(Resources.PODS, withImageVolume(pod("web"), "nowhere/none:1").build());

    await("web", p -> "ErrImagePull".equals(waiting(p)));
    Pod waits = await("web", p -> "ImagePullBackOff".equals(waiting(p)));

    assertThat(containers()).isEmpty();
    assertThat(
            waits
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getState()
                .getWaiting()
                .getMessage())
        .startsWith("Back-off pulling image \"nowhere/none:1\": ErrImagePull: ");
    Eventually.holds(PATIENCE, () -> reasons().contains("BackOff"), () -> reasons().toString());
    assertThat(api.stored(Resources.EVENTS))
        .anySatisfy(
            e -> {
              assertThat(e.getMessage()).isEqualTo("Error: ErrImagePull");
              assertThat(e.getInvolvedObject().getFieldPath()).isEqualTo("spec.containers{app}");
            })
        .anySatisfy(
            e -> {
              assertThat(e.getMessage()).isEqualTo("Back-off pulling image \"nowhere/none:1\"");
              assertThat(e.getInvolvedObject().getFieldPath()).isNull();
            });
  }

  private Optional<String> image(String reference) throws InterruptedException {
    return runtime.images().imageStatus(ImageSpec.of(reference)).map(Image::id);
  }

  private static PodBuilder withImageVolume(PodBuilder pod, String reference) {
    pod.editMetadata().addToAnnotations("team", "a").endMetadata();
    pod.editSpec()
        .addNewVolume()
        .withName("data")
        .withNewImage()
        .withReference(reference)
        .withPullPolicy("IfNotPresent")
        .endImage()
        .endVolume()
        .editFirstContainer()
        .addNewVolumeMount()
        .withName("data")
        .withMountPath("/data")
        .withSubPath("part")
        .endVolumeMount()
        .endContainer()
        .endSpec();
    return pod;
  }
}
