package org.k3sjvm.server.control.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.server.control.ServedApi.await;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.server.control.Things;

class ObjectCacheTest {
  private static final ObjectName NAME = new ObjectName("default", "p");

  private final FakeKubeApi api = new FakeKubeApi();
  private final ObjectCache<Pod> cache = new ObjectCache<>(Resources.PODS, Selection.ALL);
  private final List<String> changes = Collections.synchronizedList(new ArrayList<>());
  private final ServiceGroup group = ServiceGroup.open("test");

  @AfterEach
  void stop() {
    group.close();
  }

  @Test
  void showsWhatWasWrittenBeforeTheWatchTellsOfIt() {
    follow();
    Pod created = api.create(Resources.PODS, Things.pod("p"));
    cache.wrote(created);
    assertThat(cache.find(NAME)).isPresent();
    api.create(Resources.PODS, Things.pod("q"));
    await("the watch has caught up", () -> changes.size() >= 2);
    assertThat(changes).containsExactly("p came", "q came");
  }

  @Test
  void doesNotBringBackWhatIsGone() {
    follow();
    Pod created = api.create(Resources.PODS, Things.pod("p"));
    await("it is there", () -> cache.find(NAME).isPresent());
    Pod written = api.update(Resources.PODS, created);
    api.delete(Resources.PODS, NAME, DeleteRequest.DEFAULT);
    await("it is gone", () -> cache.find(NAME).isEmpty());
    cache.wrote(written);
    assertThat(cache.find(NAME)).isEmpty();
  }

  @Test
  void findsTheObjectsOfOneNamespace() {
    follow();
    Pod other = Things.pod("p");
    other.getMetadata().setNamespace("default-2");
    api.create(Resources.PODS, other);
    api.create(Resources.PODS, Things.pod("a"));
    api.create(Resources.PODS, Things.pod("z"));
    await("all are there", () -> cache.all().size() == 3);
    assertThat(cache.in("default"))
        .extracting(p -> p.getMetadata().getName())
        .containsExactly("a", "z");
    assertThat(cache.in("none")).isEmpty();
  }

  private void follow() {
    cache.onChange(
        change ->
            changes.add(
                change.newest().getMetadata().getName()
                    + (change.before().isEmpty()
                        ? " came"
                        : change.after().isEmpty() ? " went" : " changed")));
    group.start("cache", cache.reflector(api));
    await("it is synced", () -> cache.synced().isOpen());
  }
}
