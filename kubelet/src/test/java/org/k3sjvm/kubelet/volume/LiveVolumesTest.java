package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;
import org.k3sjvm.linux.testing.FakeMounts;

/** No sync of the pod happens here: what changes, changes because somebody told. */
class LiveVolumesTest {
  private static final long PAUSE_NANOS = 2_000_000;

  private final Path root;
  private final FakeKubeApi api = new FakeKubeApi();
  private final ServiceGroup group = ServiceGroup.open("live-volumes-test");
  private final CountDownLatch settled = new CountDownLatch(1);
  private final PodVolumes volumes;

  LiveVolumesTest(@TempDir Path root) {
    this.root = root;
    volumes =
        new LocalPodVolumes(
            root,
            api,
            new FakeMounts(),
            () -> Map.of("memory", Quantity.parse("1Gi")),
            Duration.ofSeconds(60),
            InstantSource.system(),
            _ -> settled.await(),
            new Random(1));
    group.start("volumes", volumes::keepFresh);
  }

  @AfterEach
  void stop() {
    group.close();
  }

  private static ConfigMap configMap(String name, String value) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("ns")
        .endMetadata()
        .withData(Map.of("key", value))
        .build();
  }

  private static Volume of(String name, boolean optional) {
    return new VolumeBuilder()
        .withName(name)
        .withNewConfigMap()
        .withName(name)
        .withOptional(optional)
        .endConfigMap()
        .build();
  }

  private static Pod pod(String uid, List<Volume> volumes) {
    var mounts = new ArrayList<io.fabric8.kubernetes.api.model.VolumeMount>();
    for (Volume volume : volumes) {
      mounts.add(
          new io.fabric8.kubernetes.api.model.VolumeMountBuilder()
              .withName(volume.getName())
              .withMountPath("/" + volume.getName())
              .build());
    }
    return new PodBuilder()
        .withNewMetadata()
        .withName(uid)
        .withNamespace("ns")
        .withUid(uid)
        .addToLabels("tier", "front")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("c")
        .withVolumeMounts(mounts)
        .endContainer()
        .withVolumes(volumes)
        .endSpec()
        .build();
  }

  private Path mount(Pod pod, String volume) throws Exception {
    Path path = Objects.requireNonNull(volumes.mount(pod).get(volume)).path();
    settled.countDown();
    return path;
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void eventually(Condition condition) throws Exception {
    Instant end = Instant.now().plusSeconds(20);
    while (!condition.holds()) {
      assertThat(Instant.now()).isBefore(end);
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static void awaitContent(Path file, String content) throws Exception {
    eventually(() -> Files.exists(file) && Files.readString(file).equals(content));
  }

  @Test
  void aChangedObjectReachesEveryPodAtOnce() throws Exception {
    api.create(Resources.CONFIG_MAPS, configMap("cfg", "one"));
    Path a = mount(pod("a", List.of(of("cfg", false))), "cfg");
    Path b = mount(pod("b", List.of(of("cfg", false))), "cfg");
    eventually(() -> api.count(Verb.WATCH, "configmaps") == 1);
    api.update(Resources.CONFIG_MAPS, configMap("cfg", "two"));
    awaitContent(a.resolve("key"), "two");
    awaitContent(b.resolve("key"), "two");
    assertThat(api.count(Verb.WATCH, "configmaps")).isEqualTo(1);
  }

  @Test
  void anOptionalObjectIsPickedUpWhenItAppearsAndLetGoWhenItIsDeleted() throws Exception {
    Path cfg = mount(pod("a", List.of(of("cfg", true))), "cfg");
    eventually(() -> api.count(Verb.WATCH, "configmaps") == 1);
    api.create(Resources.CONFIG_MAPS, configMap("cfg", "late"));
    awaitContent(cfg.resolve("key"), "late");
    api.delete(Resources.CONFIG_MAPS, new ObjectName("ns", "cfg"), DeleteRequest.DEFAULT);
    eventually(() -> Files.notExists(cfg.resolve("key")));
  }

  @Test
  void aSyncReadsNothingWhileTheWatchSaysThatNothingChanged() throws Exception {
    api.create(Resources.CONFIG_MAPS, configMap("cfg", "one"));
    Pod pod = pod("a", List.of(of("cfg", false)));
    mount(pod, "cfg");
    eventually(() -> api.count(Verb.WATCH, "configmaps") == 1);
    long before = api.count(Verb.GET, "configmaps");
    for (int i = 0; i < 20; i++) {
      mount(pod, "cfg");
    }
    assertThat(api.count(Verb.GET, "configmaps")).isEqualTo(before);
  }

  @Test
  void anImmutableObjectIsReadOnceAndNotWatched() throws Exception {
    ConfigMap fixed = configMap("fixed", "one");
    fixed.setImmutable(true);
    api.create(Resources.CONFIG_MAPS, fixed);
    api.create(Resources.CONFIG_MAPS, configMap("other", "one"));
    Pod pod = pod("a", List.of(of("fixed", false), of("other", false)));
    mount(pod, "fixed");
    eventually(() -> api.count(Verb.WATCH, "configmaps") == 1);
    mount(pod, "fixed");
    assertThat(api.count(Verb.GET, "configmaps ns/fixed")).isEqualTo(1);
    assertThat(api.count(Verb.LIST, "configmaps")).isLessThanOrEqualTo(2);
  }

  @Test
  void aThousandObjectsOpenABoundedNumberOfWatches() throws Exception {
    List<Volume> many = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      api.create(Resources.CONFIG_MAPS, configMap("cfg-" + i, "one"));
      many.add(of("cfg-" + i, false));
    }
    Pod pod = pod("a", many);
    mount(pod, "cfg-999");
    eventually(
        () -> api.count(Verb.WATCH, "configmaps") == ObjectWatches.MOST); // and the rest is read
    volumes.unmount("a");
    assertThat(root.resolve("pods/a/volumes")).doesNotExist();
  }

  @Test
  void labelsInFilesFollowThePod() throws Exception {
    Volume labels =
        new VolumeBuilder()
            .withName("info")
            .withNewDownwardAPI()
            .addNewItem()
            .withPath("labels")
            .withNewFieldRef("v1", "metadata.labels")
            .endItem()
            .endDownwardAPI()
            .build();
    Path info = mount(pod("a", List.of(labels)), "info");
    assertThat(info.resolve("labels")).hasContent("tier=\"front\"");
    Pod newer = pod("a", List.of(labels));
    newer.getMetadata().setLabels(Map.of("tier", "back"));
    volumes.changed(newer);
    awaitContent(info.resolve("labels"), "tier=\"back\"");
  }

  @Test
  void aPodThatIsGoneIsNotWrittenAgain() throws Exception {
    api.create(Resources.CONFIG_MAPS, configMap("cfg", "one"));
    mount(pod("a", List.of(of("cfg", false))), "cfg");
    Path b = mount(pod("b", List.of(of("cfg", false))), "cfg");
    eventually(() -> api.count(Verb.WATCH, "configmaps") == 1);
    volumes.unmount("a");
    api.update(Resources.CONFIG_MAPS, configMap("cfg", "two"));
    awaitContent(b.resolve("key"), "two");
    assertThat(root.resolve("pods/a/volumes")).doesNotExist();
  }
}
