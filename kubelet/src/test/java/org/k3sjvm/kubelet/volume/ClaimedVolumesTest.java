package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.linux.testing.FakeMounts;

class ClaimedVolumesTest {
  private static final String EVENT =
      "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed"
          + " to process volumes=[data]: ";

  private final Path root;
  private final FakeKubeApi api = new FakeKubeApi();
  private final FakeMounts mounts = new FakeMounts();
  private final PodVolumes volumes;

  ClaimedVolumesTest(@TempDir Path root) {
    this.root = root;
    volumes =
        new LocalPodVolumes(root, api, mounts, Map::of, InstantSource.system(), new Random(1));
  }

  private static Pod pod(String uid) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("ns")
        .withUid(uid)
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("c")
        .addNewVolumeMount()
        .withName("data")
        .withMountPath("/data")
        .endVolumeMount()
        .endContainer()
        .addNewVolume()
        .withName("data")
        .withNewPersistentVolumeClaim("claim", false)
        .endVolume()
        .endSpec()
        .build();
  }

  private PersistentVolumeClaim claim(String name, String phase) {
    return api.create(
        Resources.PERSISTENT_VOLUME_CLAIMS,
        new PersistentVolumeClaimBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("ns")
            .endMetadata()
            .withNewSpec()
            .withVolumeName("pv-1")
            .endSpec()
            .withNewStatus()
            .withPhase(phase)
            .endStatus()
            .build());
  }

  private static PersistentVolumeBuilder volume(String claimUid) {
    return new PersistentVolumeBuilder()
        .withNewMetadata()
        .withName("pv-1")
        .addToAnnotations("pv.beta.kubernetes.io/gid", "4321")
        .endMetadata()
        .withNewSpec()
        .withNewClaimRef()
        .withUid(claimUid)
        .endClaimRef()
        .endSpec();
  }

  private void create(PersistentVolume volume) {
    api.create(Resources.PERSISTENT_VOLUMES, volume);
  }

  private void local(Path source) {
    String uid = claim("claim", "Bound").getMetadata().getUid();
    create(volume(uid).editSpec().withNewLocal(null, source.toString()).endSpec().build());
  }

  private MountedVolume mount(Pod pod) throws Exception {
    return Objects.requireNonNull(volumes.mount(pod).get("data"));
  }

  @Test
  void aPathOfTheHostIsUsedWhereItIs() throws Exception {
    String uid = claim("claim", "Bound").getMetadata().getUid();
    Path path = root.resolve("storage/pvc-1");
    create(
        volume(uid)
            .editSpec()
            .withNewHostPath(path.toString(), "DirectoryOrCreate")
            .endSpec()
            .build());
    MountedVolume mounted = mount(pod("a"));
    assertThat(mounted.path()).isEqualTo(path).isDirectory();
    assertThat(mounted.group()).hasValue(4321);
    Files.writeString(path.resolve("file"), "kept");
    volumes.unmount("a");
    assertThat(path.resolve("file")).hasContent("kept");
  }

  @Test
  void aLocalVolumeIsBoundIntoThePodAndOutlivesIt() throws Exception {
    Path source = Files.createDirectories(root.resolve("disks/one"));
    Files.writeString(source.resolve("file"), "kept");
    local(source);
    Path mounted = mount(pod("a")).path();
    assertThat(mounted).isEqualTo(root.resolve("pods/a/volumes/kubernetes.io~local-volume/pv-1"));
    assertThat(mounts.find(mounted)).isPresent();
    volumes.unmount("a");
    assertThat(mounts.list()).isEmpty();
    assertThat(root.resolve("pods/a/volumes")).doesNotExist();
    assertThat(source.resolve("file")).hasContent("kept");
  }

  @Test
  void whatIsLeftInTheMountPointOfAVolumeIsNeverDeleted() throws Exception {
    Path source = Files.createDirectories(root.resolve("disks/one"));
    local(source);
    Path mounted = mount(pod("a")).path();
    mounts.detach(mounted);
    Files.writeString(mounted.resolve("file"), "whose is it?");
    assertThatThrownBy(() -> volumes.unmount("a")).isInstanceOf(VolumeException.class);
    assertThat(mounted.resolve("file")).exists();
  }

  @Test
  void aClaimThatIsNotUsableIsNamedAsUpstreamNamesIt() {
    assertThatThrownBy(() -> mount(pod("a")))
        .hasMessageStartingWith(
            EVENT + "error processing PVC ns/claim: failed to fetch PVC from API server: ");
    String uid = claim("claim", "Pending").getMetadata().getUid();
    assertThatThrownBy(() -> mount(pod("a")))
        .hasMessage(EVENT + "error processing PVC ns/claim: PVC is not bound");
    PersistentVolumeClaim claim =
        api.get(Resources.PERSISTENT_VOLUME_CLAIMS, new org.k3sjvm.kube.ObjectName("ns", "claim"));
    claim.getStatus().setPhase("Bound");
    api.update(Resources.PERSISTENT_VOLUME_CLAIMS, claim);
    create(volume("other").build());
    assertThatThrownBy(() -> mount(pod("a")))
        .hasMessage(
            EVENT
                + "error processing PVC ns/claim: found PV object pv-1 but its"
                + " pv.Spec.ClaimRef.UID other does not point to claim.UID "
                + uid);
  }

  @Test
  void aClaimMadeForAVolumeMustBelongToThePod() {
    claim("web-data", "Bound");
    Pod pod = pod("a");
    var volume = pod.getSpec().getVolumes().getFirst();
    volume.setPersistentVolumeClaim(null);
    volume.setEphemeral(new io.fabric8.kubernetes.api.model.EphemeralVolumeSource());
    assertThatThrownBy(() -> mount(pod))
        .hasMessage(EVENT + "PVC ns/web-data was not created for pod ns/web (pod is not owner)");
  }

  @Test
  void aBlockVolumeIsNoDirectory() {
    String uid = claim("claim", "Bound").getMetadata().getUid();
    create(volume(uid).editSpec().withVolumeMode("Block").endSpec().build());
    assertThatThrownBy(() -> mount(pod("a")))
        .hasMessage(EVENT + "volume data has volumeMode Block, but is specified in volumeMounts");
  }

  @Test
  void aMountThatHangsHoldsOnlyItsPod() throws Exception {
    Path source = Files.createDirectories(root.resolve("disks/one"));
    local(source);
    Path target = root.resolve("pods/a/volumes/kubernetes.io~local-volume/pv-1");
    CountDownLatch until = new CountDownLatch(1);
    mounts.hang(target, until);
    AtomicReference<Throwable> end = new AtomicReference<>();
    Thread worker =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    var _ = mount(pod("a"));
                  } catch (Throwable e) {
                    end.set(e);
                  }
                });
    assertThat(mount(pod("b")).path()).exists();
    while (Files.notExists(target)) {
      Thread.onSpinWait();
    }
    worker.interrupt(); // the pod is deleted
    worker.join();
    assertThat(end.get()).isInstanceOf(InterruptedException.class);
    assertThatThrownBy(() -> volumes.unmount("a")).hasMessageContaining("has not returned yet");
    until.countDown();
    while (mounts.find(target).isEmpty()) {
      Thread.onSpinWait();
    }
    unmountWhenReturned("a");
    assertThat(mounts.find(target)).isEmpty();
    assertThat(root.resolve("pods/a/volumes")).doesNotExist();
  }

  private void unmountWhenReturned(String uid) throws InterruptedException {
    for (boolean done = false; !done; ) {
      try {
        volumes.unmount(uid);
        done = true;
      } catch (VolumeException e) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void patienceEndsAndTheSameCallIsNotMadeTwice() throws Exception {
    Patience patience = new Patience(Duration.ofMillis(20));
    CountDownLatch until = new CountDownLatch(1);
    Patience.Call<String> hanging =
        () -> {
          try {
            until.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return "done";
        };
    assertThatThrownBy(() -> patience.run("a", "disk", hanging))
        .hasMessageContaining("did not return within");
    assertThatThrownBy(() -> patience.run("a", "disk", hanging))
        .hasMessageContaining("begun before");
    assertThat(patience.isPending("a")).isTrue();
    assertThat(patience.run("b", "disk", () -> "other")).isEqualTo("other");
    until.countDown();
    while (patience.isPending("a")) {
      Thread.onSpinWait();
    }
    assertThat(patience.run("a", "disk", () -> "again")).isEqualTo("again");
  }
}
