package org.k3sjvm.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What every implementation of {@link KubeApi} does; the namespace is the test's own. */
abstract class KubeApiContract {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The API to check; made once per test. */
  abstract KubeApi api();

  /** A namespace that exists and holds no config maps of earlier tests. */
  abstract String namespace();

  private ConfigMap configMap(String name, String value) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(namespace())
        .addToLabels("test", "contract")
        .endMetadata()
        .withData(Map.of("key", value))
        .build();
  }

  private ObjectName name(String name) {
    return new ObjectName(namespace(), name);
  }

  private Selection selection() {
    return new Selection(namespace(), "", "test=contract");
  }

  private static JsonNode data(String value) {
    ObjectNode patch = KubeJson.newObject();
    patch.putObject("data").put("key", value);
    return patch;
  }

  @Test
  void whatIsCreatedCanBeReadChangedAndDeleted() throws Exception {
    ConfigMap created = api().create(Resources.CONFIG_MAPS, configMap("one", "a"));
    assertThat(created.getMetadata().getUid()).isNotEmpty();
    ConfigMap read = api().get(Resources.CONFIG_MAPS, name("one"));
    assertThat(read.getData()).containsEntry("key", "a");
    read.setData(Map.of("key", "b"));
    ConfigMap updated = api().update(Resources.CONFIG_MAPS, read);
    assertThat(updated.getMetadata().getResourceVersion())
        .isNotEqualTo(created.getMetadata().getResourceVersion());
    assertThat(updated.getMetadata().getManagedFields()).isEmpty();
    api().delete(Resources.CONFIG_MAPS, name("one"), DeleteRequest.DEFAULT);
    assertThat(api().find(Resources.CONFIG_MAPS, name("one"))).isEmpty();
  }

  @Test
  void everyPatchTypeChangesWhatItNames() throws Exception {
    api().create(Resources.CONFIG_MAPS, configMap("patched", "a"));
    ObjectName name = name("patched");
    assertThat(api().patch(Resources.CONFIG_MAPS, name, new Patch.Strategic(data("b"))).getData())
        .containsEntry("key", "b");
    assertThat(api().patch(Resources.CONFIG_MAPS, name, new Patch.Merge(data("c"))).getData())
        .containsEntry("key", "c");
    JsonNode operations =
        KubeJson.read(
            "[{\"op\":\"add\",\"path\":\"/metadata/labels/a~1b\",\"value\":\"d\"}]",
            JsonNode.class);
    assertThat(
            api()
                .patch(Resources.CONFIG_MAPS, name, new Patch.Json(operations))
                .getMetadata()
                .getLabels())
        .containsEntry("a/b", "d")
        .containsEntry("test", "contract");
  }

  @Test
  void refusalsHaveTheirOwnTypes() throws Exception {
    ConfigMap created = api().create(Resources.CONFIG_MAPS, configMap("taken", "a"));
    assertThatThrownBy(() -> api().create(Resources.CONFIG_MAPS, configMap("taken", "b")))
        .isInstanceOf(KubeException.AlreadyExists.class);
    assertThatThrownBy(() -> api().get(Resources.CONFIG_MAPS, name("missing")))
        .isInstanceOfSatisfying(
            KubeException.NotFound.class,
            e -> assertThat(e.statusMessage()).isEqualTo("configmaps \"missing\" not found"));
    created.setData(Map.of("key", "c"));
    api().patch(Resources.CONFIG_MAPS, name("taken"), new Patch.Merge(data("d")));
    assertThatThrownBy(() -> api().update(Resources.CONFIG_MAPS, created))
        .isInstanceOf(KubeException.Conflict.class);
    assertThatThrownBy(
            () ->
                api()
                    .delete(Resources.CONFIG_MAPS, name("taken"), DeleteRequest.now("another-uid")))
        .isInstanceOf(KubeException.Conflict.class);
  }

  @Test
  void listsComeWholeOrInPagesAndOnlyWhatIsSelected() throws Exception {
    for (int i = 0; i < 5; i++) {
      api().create(Resources.CONFIG_MAPS, configMap("item-" + i, "a"));
    }
    assertThat(api().list(Resources.CONFIG_MAPS, ListRequest.newest(selection())).items())
        .hasSize(5);
    ObjectList<ConfigMap> first =
        api().list(Resources.CONFIG_MAPS, new ListRequest(selection(), "", 3, ""));
    assertThat(first.items()).hasSize(3);
    ObjectList<ConfigMap> rest =
        api()
            .list(
                Resources.CONFIG_MAPS, new ListRequest(selection(), "", 3, first.continueToken()));
    assertThat(rest.items()).hasSize(2);
    assertThat(rest.continueToken()).isEmpty();
    Selection one = Selection.named(name("item-3"));
    assertThat(api().list(Resources.CONFIG_MAPS, ListRequest.newest(one)).items())
        .singleElement()
        .satisfies(item -> assertThat(item.getMetadata().getName()).isEqualTo("item-3"));
  }

  @Test
  void aWatchTellsEveryChangeSinceItsVersionAndEndsInTime() throws Exception {
    String version =
        api().list(Resources.CONFIG_MAPS, ListRequest.newest(selection())).resourceVersion();
    api().create(Resources.CONFIG_MAPS, configMap("watched", "a"));
    try (Watch<ConfigMap> watch =
        api().watch(Resources.CONFIG_MAPS, new WatchRequest(selection(), version, PATIENCE))) {
      assertThat(change(watch)).isInstanceOf(WatchEvent.Added.class);
      api().patch(Resources.CONFIG_MAPS, name("watched"), new Patch.Merge(data("b")));
      assertThat(change(watch))
          .isInstanceOfSatisfying(
              WatchEvent.Modified.class,
              e -> assertThat(((ConfigMap) e.object()).getData()).containsEntry("key", "b"));
      api().delete(Resources.CONFIG_MAPS, name("watched"), DeleteRequest.DEFAULT);
      assertThat(change(watch)).isInstanceOf(WatchEvent.Deleted.class);
    }
  }

  @Test
  void aClosedWatchFailsItsReader() throws Exception {
    String version =
        api().list(Resources.CONFIG_MAPS, ListRequest.newest(selection())).resourceVersion();
    try (Watch<ConfigMap> watch =
        api().watch(Resources.CONFIG_MAPS, new WatchRequest(selection(), version, PATIENCE))) {
      Thread closer = Thread.ofVirtual().start(watch::close);
      assertThat(endOf(watch)).isTrue();
      closer.join();
    }
  }

  @Test
  void anInterruptEndsAReaderAndKeepsItsMeaning() throws Exception {
    String version =
        api().list(Resources.CONFIG_MAPS, ListRequest.newest(selection())).resourceVersion();
    try (Watch<ConfigMap> watch =
        api().watch(Resources.CONFIG_MAPS, new WatchRequest(selection(), version, PATIENCE))) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(watch::next).isInstanceOf(InterruptedException.class);
      assertThat(Thread.interrupted()).isFalse();
    }
  }

  private static WatchEvent<ConfigMap> change(Watch<ConfigMap> watch) throws Exception {
    while (true) {
      WatchEvent<ConfigMap> event = watch.next().orElseThrow();
      if (!(event instanceof WatchEvent.Bookmark<ConfigMap>)) {
        return event;
      }
    }
  }

  private static boolean endOf(Watch<ConfigMap> watch) throws InterruptedException {
    try {
      Optional<WatchEvent<ConfigMap>> event = watch.next();
      while (event.isPresent()) {
        event = watch.next();
      }
      return true;
    } catch (KubeException.Unavailable e) {
      return true;
    }
  }
}
