package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;
import org.k3sjvm.linux.testing.FakeMounts;

class LocalPodVolumesTest {
  @TempDir Path root;

  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final FakeKubeApi api = new FakeKubeApi(time);
  private final FakeMounts mounts = new FakeMounts();

  private PodVolumes volumes() {
    return new LocalPodVolumes(
        root,
        api,
        mounts,
        () -> Map.of("memory", Quantity.parse("1Gi"), "cpu", Quantity.parse("2")),
        time,
        new Random(1));
  }

  private static Pod pod(Volume... volumes) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("ns")
        .withUid("uid-1")
        .addToLabels("b", "2")
        .addToLabels("a", "say \"hi\"")
        .endMetadata()
        .withNewSpec()
        .withServiceAccountName("robot")
        .addNewContainer()
        .withName("c")
        .withVolumeMounts(
            Arrays.stream(volumes)
                .map(
                    volume ->
                        new VolumeMountBuilder()
                            .withName(volume.getName())
                            .withMountPath("/" + volume.getName())
                            .build())
                .toList())
        .endContainer()
        .withVolumes(volumes)
        .endSpec()
        .build();
  }

  private static Volume projected() {
    return new VolumeBuilder()
        .withName("kube-api-access")
        .withNewProjected()
        .withDefaultMode(0644)
        .addNewSource()
        .withNewServiceAccountToken()
        .withPath("token")
        .withExpirationSeconds(3607L)
        .endServiceAccountToken()
        .endSource()
        .addNewSource()
        .withNewConfigMap()
        .withName("kube-root-ca.crt")
        .addNewItem()
        .withKey("ca.crt")
        .withPath("ca.crt")
        .endItem()
        .endConfigMap()
        .endSource()
        .addNewSource()
        .withNewDownwardAPI()
        .addNewItem()
        .withPath("namespace")
        .withNewFieldRef("v1", "metadata.namespace")
        .endItem()
        .endDownwardAPI()
        .endSource()
        .endProjected()
        .build();
  }

  private void configMap(String name, String key, String value) throws Exception {
    api.create(
        Resources.CONFIG_MAPS,
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("ns")
            .endMetadata()
            .withData(Map.of(key, value))
            .build());
  }

  private static Path mounted(PodVolumes volumes, Pod pod, String name) throws Exception {
    return Objects.requireNonNull(volumes.mount(pod).get(name)).path();
  }

  private static String mode(Path path) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void theTokenVolumeOfEveryPodHoldsTokenAuthorityAndNamespaceInMemory() throws Exception {
    configMap("kube-root-ca.crt", "ca.crt", "CA");
    Path path = mounted(volumes(), pod(projected()), "kube-api-access");
    assertThat(path)
        .isEqualTo(root.resolve("pods/uid-1/volumes/kubernetes.io~projected/kube-api-access"));
    assertThat(path.resolve("token")).hasContent("token-1");
    assertThat(path.resolve("ca.crt")).hasContent("CA");
    assertThat(path.resolve("namespace")).hasContent("ns");
    assertThat(mounts.find(path))
        .hasValueSatisfying(
            mount -> {
              assertThat(mount.type()).isEqualTo("tmpfs");
              assertThat(mount.superOptions()).contains("size=" + (1L << 30));
            });
    assertThat(api.count(Verb.POST, "/api/v1/namespaces/ns/serviceaccounts/robot/token"))
        .isEqualTo(1);
  }

  @Test
  void aTokenIsRenewedAfterFourFifthsOfItsLife() throws Exception {
    configMap("kube-root-ca.crt", "ca.crt", "CA");
    PodVolumes volumes = volumes();
    Path token = mounted(volumes, pod(projected()), "kube-api-access").resolve("token");
    time.advance(Duration.ofSeconds(3607 * 4 / 5 - 15));
    volumes.mount(pod(projected()));
    assertThat(token).hasContent("token-1");
    time.advance(Duration.ofSeconds(30));
    api.failNext(Verb.POST, new KubeException.Unavailable("post", "down", null));
    volumes.mount(pod(projected()));
    assertThat(token).hasContent("token-1");
    volumes.mount(pod(projected()));
    assertThat(token).hasContent("token-2");
  }

  @Test
  void aMissingObjectIsNamedAsUpstreamNamesIt() {
    assertThatThrownBy(() -> volumes().mount(pod(projected())))
        .isInstanceOf(VolumeException.class)
        .hasMessage(
            "MountVolume.SetUp failed for volume \"kube-api-access\" : configmap"
                + " \"kube-root-ca.crt\" not found");
  }

  @Test
  void anOptionalObjectMayAppearLater() throws Exception {
    Volume optional =
        new VolumeBuilder()
            .withName("cfg")
            .withNewConfigMap()
            .withName("later")
            .withOptional(true)
            .endConfigMap()
            .build();
    PodVolumes volumes = volumes();
    Path path = mounted(volumes, pod(optional), "cfg");
    assertThat(path).isDirectory();
    configMap("later", "key", "value");
    volumes.mount(pod(optional));
    assertThat(path.resolve("key")).hasContent("value");
  }

  @Test
  void itemsChooseKeysPathsAndModes() throws Exception {
    api.create(
        Resources.SECRETS,
        new SecretBuilder()
            .withNewMetadata()
            .withName("s")
            .withNamespace("ns")
            .endMetadata()
            .withData(Map.of("user", "cm9vdA==", "other", "eA=="))
            .build());
    Volume secret =
        new VolumeBuilder()
            .withName("s")
            .withNewSecret()
            .withSecretName("s")
            .withDefaultMode(0400)
            .addNewItem()
            .withKey("user")
            .withMode(0440)
            .withPath("login/name")
            .endItem()
            .endSecret()
            .build();
    Path path = mounted(volumes(), pod(secret), "s");
    assertThat(path.resolve("login/name")).hasContent("root");
    assertThat(mode(path.resolve("login/name"))).isEqualTo("r--r-----");
    assertThat(path.resolve("other")).doesNotExist();
    secret.getSecret().getItems().getFirst().setKey("absent");
    assertThatThrownBy(() -> volumes().mount(pod(secret)))
        .hasMessageEndingWith("references non-existent secret key: absent");
  }

  @Test
  void labelsAndLimitsBecomeFiles() throws Exception {
    Volume info =
        new VolumeBuilder()
            .withName("info")
            .withNewDownwardAPI()
            .addNewItem()
            .withPath("labels")
            .withNewFieldRef("v1", "metadata.labels")
            .endItem()
            .addNewItem()
            .withPath("memory")
            .withNewResourceFieldRef()
            .withContainerName("c")
            .withDivisor(Quantity.parse("1Mi"))
            .withResource("limits.memory")
            .endResourceFieldRef()
            .endItem()
            .endDownwardAPI()
            .build();
    Path path = mounted(volumes(), pod(info), "info");
    assertThat(path.resolve("labels")).hasContent("a=\"say \\\"hi\\\"\"\nb=\"2\"");
    assertThat(path.resolve("memory")).hasContent("1024");
  }

  @Test
  void anEmptyDirIsOpenToAllAndKeepsItsContentOverARestart() throws Exception {
    Volume scratch =
        new VolumeBuilder().withName("scratch").withNewEmptyDir().endEmptyDir().build();
    Path path = mounted(volumes(), pod(scratch), "scratch");
    assertThat(mode(path)).isEqualTo("rwxrwxrwx");
    Files.writeString(path.resolve("file"), "kept");
    assertThat(mounted(volumes(), pod(scratch), "scratch").resolve("file")).hasContent("kept");
  }

  @Test
  void unmountingNeedsNoMemoryOfTheMount() throws Exception {
    Volume memory =
        new VolumeBuilder()
            .withName("memory")
            .withNewEmptyDir()
            .withMedium("Memory")
            .withSizeLimit(Quantity.parse("64Mi"))
            .endEmptyDir()
            .build();
    Path path = mounted(volumes(), pod(memory), "memory");
    assertThat(mounts.find(path).orElseThrow().superOptions()).contains("size=" + (64L << 20));
    PodVolumes restarted = volumes();
    assertThat(restarted.podsOnDisk()).containsExactly("uid-1");
    restarted.unmount("uid-1");
    restarted.unmount("uid-1");
    assertThat(mounts.list()).isEmpty();
    assertThat(root.resolve("pods/uid-1/volumes")).doesNotExist();
  }

  @Test
  void hostPathsAreCheckedAgainstTheirType() throws Exception {
    Volume made =
        new VolumeBuilder()
            .withName("made")
            .withNewHostPath(root.resolve("made").toString(), "DirectoryOrCreate")
            .build();
    assertThat(mounted(volumes(), pod(made), "made")).isDirectory();
    Volume wrong =
        new VolumeBuilder()
            .withName("wrong")
            .withNewHostPath(root.resolve("made").toString(), "File")
            .build();
    assertThatThrownBy(() -> volumes().mount(pod(wrong)))
        .hasMessageEndingWith(
            "hostPath type check failed: " + root.resolve("made") + " is not a file");
  }

  @Test
  void theGroupOfThePodOwnsItsFiles() throws Exception {
    configMap("cfg", "key", "value");
    Volume cfg =
        new VolumeBuilder()
            .withName("cfg")
            .withNewConfigMap()
            .withName("cfg")
            .withDefaultMode(0400)
            .endConfigMap()
            .build();
    Pod pod = pod(cfg);
    int ownGroup = Modes.group(root);
    pod.getSpec()
        .setSecurityContext(
            new io.fabric8.kubernetes.api.model.PodSecurityContextBuilder()
                .withFsGroup((long) ownGroup)
                .build());
    Path path = mounted(volumes(), pod, "cfg");
    assertThat(mode(path.resolve("key"))).isEqualTo("r--r-----");
    assertThat(Modes.get(path) & 07777).isEqualTo(02777);
    assertThat(Modes.group(path.resolve("..data"))).isEqualTo(ownGroup);
  }

  @Test
  void volumesThatNoContainerMountsAreLeftAlone() throws Exception {
    Pod pod = pod(projected());
    pod.getSpec().getContainers().getFirst().getVolumeMounts().clear();
    assertThat(volumes().mount(pod)).isEmpty();
    assertThat(api.requests()).isEmpty();
  }

  @Test
  void aRunningPodSharesAnswersAndAStartingPodGetsItsOwn() throws Exception {
    configMap("cfg", "key", "one");
    Volume cfg =
        new VolumeBuilder()
            .withName("cfg")
            .withNewConfigMap()
            .withName("cfg")
            .endConfigMap()
            .build();
    PodVolumes volumes = volumes();
    Path path = mounted(volumes, pod(cfg), "cfg");
    volumes.mount(pod(cfg));
    assertThat(api.count(Verb.GET, "configmaps ns/cfg")).isEqualTo(1);
    api.delete(Resources.CONFIG_MAPS, new ObjectName("ns", "cfg"), DeleteRequest.DEFAULT);
    configMap("cfg", "key", "two");
    Pod other = pod(cfg);
    other.getMetadata().setUid("uid-2");
    assertThat(mounted(volumes, other, "cfg").resolve("key")).hasContent("two");
    assertThat(path.resolve("key")).hasContent("one");
    volumes.mount(pod(cfg));
    assertThat(path.resolve("key")).hasContent("two");
  }
}
