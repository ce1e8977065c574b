package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Seal;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.memory.ApiMemory;
import org.k3sjvm.kube.memory.Key;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;

class ColdStartTest {
  private static final Duration MAX_AGE = Duration.ofDays(3);

  @TempDir private Path directory;

  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:30:00Z"));
  private final FakeKubeApi api = new FakeKubeApi(time);
  private ApiMemory memory;
  private ColdStart coldStart;

  @BeforeEach
  void open() throws IOException {
    memory = ApiMemory.open(directory, new Seal("test", List.of(new byte[32])), time);
    coldStart = new ColdStart(memory, MAX_AGE, time, time);
  }

  @Test
  void remembersNothingOfANodeThatNeverJoined() {
    assertThat(coldStart.recall()).isEmpty();
  }

  @Test
  void remembersAJoinOnceItsPodsAreKnown() {
    coldStart.keep("{}");
    assertThat(coldStart.recall()).isEmpty();
    coldStart.noteContact(time.instant());
    assertThat(coldStart.recall()).contains("{}");
  }

  @Test
  void forgetsAllWhenItIsTooOld() throws Exception {
    coldStart.keep("{}");
    coldStart.noteContact(time.instant());
    read(coldStart.ofPods(api), Resources.SECRETS, named(new SecretBuilder().build(), "a", "s"));
    time.advance(MAX_AGE.minusMinutes(1));
    coldStart.forgetWhatIsTooOld();
    assertThat(coldStart.recall()).contains("{}");

    time.advance(Duration.ofMinutes(2));
    coldStart.forgetWhatIsTooOld();

    assertThat(coldStart.recall()).isEmpty();
    assertThat(memory.recallAll("secrets")).isEmpty();
  }

  @Test
  void aRefusalLastsUntilTheNodeJoinsAgain() {
    coldStart.keep("{}");
    coldStart.noteContact(time.instant());
    coldStart.refused();
    assertThat(coldStart.recall()).isEmpty();
    assertThat(new ColdStart(memory, MAX_AGE, time, time).recall()).isEmpty();

    coldStart.keep("{}");

    assertThat(coldStart.recall()).contains("{}");
  }

  @Test
  void whatBecomesTooOldWhileNobodyAnswersIsNotUsedAnyMore() throws Exception {
    KubeApi kept = coldStart.ofPods(api);
    read(kept, Resources.SECRETS, named(new SecretBuilder().build(), "a", "s"));
    for (int i = 0; i < 3; i++) {
      api.failNext(Verb.GET, new KubeException.Unavailable("get", "down", null));
    }
    assertThatThrownBy(() -> kept.get(Resources.SECRETS, new ObjectName("a", "s")))
        .isInstanceOf(KubeException.Unavailable.class);
    time.advance(Duration.ofSeconds(10));
    assertThat(kept.get(Resources.SECRETS, new ObjectName("a", "s"))).isNotNull();
    time.advance(MAX_AGE);
    assertThatThrownBy(() -> kept.get(Resources.SECRETS, new ObjectName("a", "s")))
        .isInstanceOf(KubeException.Unavailable.class);
  }

  @Test
  void aClockThatLostItsTimeMakesNothingTooOld() {
    time.advance(Duration.ofDays(1000));
    coldStart.keep("{}");
    coldStart.noteContact(time.instant());
    ManualTime stale = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
    ColdStart later = new ColdStart(memory, MAX_AGE, stale, stale);
    later.forgetWhatIsTooOld();
    assertThat(later.recall()).contains("{}");
  }

  @Test
  void keepsWhatThePodsOfTheNodeNeedAndForgetsTheRest() throws Exception {
    KubeApi kept = coldStart.ofPods(api);
    read(kept, Resources.CONFIG_MAPS, named(new ConfigMapBuilder().build(), "a", "used"));
    read(kept, Resources.CONFIG_MAPS, named(new ConfigMapBuilder().build(), "b", "used"));
    read(kept, Resources.SECRETS, named(new SecretBuilder().build(), "a", "used"));
    read(kept, Resources.SECRETS, named(new SecretBuilder().build(), "a", "other"));
    read(
        kept,
        Resources.PERSISTENT_VOLUME_CLAIMS,
        named(
            new PersistentVolumeClaimBuilder()
                .withNewSpec()
                .withVolumeName("disk")
                .endSpec()
                .build(),
            "a",
            "claim"));
    read(
        kept,
        Resources.PERSISTENT_VOLUMES,
        named(new PersistentVolumeBuilder().build(), "", "disk"));
    read(
        kept,
        Resources.PERSISTENT_VOLUMES,
        named(new PersistentVolumeBuilder().build(), "", "unused"));
    token(kept, "uid-1");
    token(kept, "uid-2");

    Set<Key> before = memory.keys();
    read(kept, Resources.SECRETS, named(new SecretBuilder().build(), "a", "of-a-pod-that-comes"));

    coldStart.forgetUnused(List.of(pod()), before);

    assertThat(memory.recallAll("configmaps")).hasSize(1);
    assertThat(memory.recallAll("secrets")).hasSize(2);
    assertThat(memory.recallAll("persistentvolumeclaims")).hasSize(1);
    assertThat(memory.recallAll("persistentvolumes")).hasSize(1);
    assertThat(memory.recallAll(Key.TOKENS)).hasSize(1);
  }

  private void token(KubeApi kept, String uid) throws InterruptedException {
    String path = "/api/v1/namespaces/a/serviceaccounts/default/token";
    api.answer(path, body -> body);
    ObjectNode body = KubeJson.newObject();
    body.putObject("spec").putObject("boundObjectRef").put("uid", uid);
    kept.post(path, body);
  }

  private <T extends HasMetadata> void read(KubeApi kept, Resource<T> resource, T object)
      throws InterruptedException {
    api.create(resource, object);
    kept.get(resource, ObjectName.of(object));
  }

  private static <T extends HasMetadata> T named(T object, String namespace, String name) {
    object.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace(namespace.isEmpty() ? null : namespace)
            .withName(name)
            .build());
    return object;
  }

  private static Pod pod() {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("a")
        .withName("p")
        .withUid("uid-1")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("c")
        .addNewEnvFrom()
        .withNewConfigMapRef("used", false)
        .endEnvFrom()
        .endContainer()
        .addNewVolume()
        .withName("s")
        .withNewSecret()
        .withSecretName("used")
        .endSecret()
        .endVolume()
        .addNewVolume()
        .withName("d")
        .withNewPersistentVolumeClaim("claim", false)
        .endVolume()
        .endSpec()
        .build();
  }
}
