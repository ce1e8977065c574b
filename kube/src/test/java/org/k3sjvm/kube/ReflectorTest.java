package org.k3sjvm.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;

class ReflectorTest {
  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final FakeKubeApi api = new FakeKubeApi(time);
  private final BlockingQueue<ReflectorEvent<Node>> events = new LinkedBlockingQueue<>();
  private ServiceGroup group;

  @BeforeEach
  void open() {
    group = ServiceGroup.open("test");
  }

  @AfterEach
  void close() {
    group.close();
  }

  private void reflect(int pageSize) {
    group.start(
        "nodes",
        new Reflector<>(
            api,
            Resources.NODES,
            Selection.ALL,
            pageSize,
            events::add,
            new Reflector.Surroundings(time, time, new Random(1))));
  }

  private Node node(String name) {
    return api.create(
        Resources.NODES, new NodeBuilder().withNewMetadata().withName(name).endMetadata().build());
  }

  private void label(String name, String value) {
    api.patch(
        Resources.NODES,
        ObjectName.ofCluster(name),
        new Patch.Merge(
            KubeJson.read(
                "{\"metadata\":{\"labels\":{\"l\":\"" + value + "\"}}}",
                com.fasterxml.jackson.databind.JsonNode.class)));
  }

  private String next() throws InterruptedException {
    ReflectorEvent<Node> event = events.poll(10, TimeUnit.SECONDS);
    return event == null ? "nothing" : ReflectorEvents.text(event);
  }

  @Test
  void tellsWhatIsThenThatItIsInSyncThenEveryChange() throws Exception {
    node("a");
    reflect(0);
    assertThat(next()).isEqualTo("added a");
    assertThat(next()).isEqualTo("synced");
    node("b");
    assertThat(next()).isEqualTo("added b");
    label("a", "1");
    assertThat(next()).isEqualTo("modified a");
    api.delete(Resources.NODES, ObjectName.ofCluster("a"), DeleteRequest.DEFAULT);
    assertThat(next()).isEqualTo("deleted a");
  }

  @Test
  void readsAllPages() throws Exception {
    for (String name : new String[] {"a", "b", "c"}) {
      node(name);
    }
    reflect(2);
    assertThat(next()).isEqualTo("added a");
    assertThat(next()).isEqualTo("added b");
    assertThat(next()).isEqualTo("added c");
    assertThat(next()).isEqualTo("synced");
  }

  @Test
  void listsAgainWhenItsVersionIsGoneAndTellsOnlyTheDifference() throws Exception {
    node("a");
    node("b");
    reflect(0);
    assertThat(next() + next() + next()).isEqualTo("added aadded bsynced");
    awaitWatch();
    api.cluster().cutWatches();
    time.awaitSleepers(1);
    api.delete(Resources.NODES, ObjectName.ofCluster("a"), DeleteRequest.DEFAULT);
    node("c");
    api.cluster().forgetHistory();
    time.advance(Duration.ofSeconds(2));
    assertThat(next()).isEqualTo("added c");
    assertThat(next()).isEqualTo("deleted a");
    label("b", "2");
    assertThat(next()).isEqualTo("modified b");
  }

  @Test
  void goesOnFromItsVersionAfterABrokenConnection() throws Exception {
    node("a");
    reflect(0);
    assertThat(next() + next()).isEqualTo("added asynced");
    awaitWatch();
    api.cluster().cutWatches();
    time.awaitSleepers(1);
    node("b");
    time.advance(Duration.ofSeconds(2));
    assertThat(next()).isEqualTo("added b");
    assertThat(api.count(Verb.LIST, "nodes")).isEqualTo(1);
  }

  @Test
  void asksAgainSoonWhenAWatchThatWorkedIsCutHoweverManyTriesItTookToOpenIt() throws Exception {
    node("a");
    for (int i = 0; i < 8; i++) {
      api.failNext(Verb.LIST, new KubeException.Unavailable("list", "starting", null));
    }
    reflect(0);
    for (int i = 1; i <= 8; i++) {
      while (api.count(Verb.LIST, "nodes") < i) {
        Thread.onSpinWait();
      }
      time.awaitSleepers(1);
      time.advance(Duration.ofMinutes(1));
    }
    assertThat(next() + next()).isEqualTo("added asynced");
    awaitWatch();
    time.advance(Duration.ofSeconds(1));
    api.cluster().cutWatches();
    time.awaitSleepers(1);
    node("b");
    time.advance(Duration.ofSeconds(2));
    assertThat(next()).isEqualTo("added b");
  }

  @Test
  void waitsAtLeastAsLongAsAThrottlingServerAsks() throws Exception {
    api.failNext(Verb.LIST, new KubeException.Throttled("list", "slow", Duration.ofSeconds(40)));
    node("a");
    reflect(0);
    time.awaitSleepers(1);
    time.advance(Duration.ofSeconds(39));
    assertThat(events).isEmpty();
    time.advance(Duration.ofSeconds(1));
    assertThat(next()).isEqualTo("added a");
  }

  @Test
  void anObjectMadeAnewUnderTheSameNameIsDeletedAndAdded() throws Exception {
    node("a");
    reflect(0);
    assertThat(next() + next()).isEqualTo("added asynced");
    awaitWatch();
    api.cluster().cutWatches();
    time.awaitSleepers(1);
    api.delete(Resources.NODES, ObjectName.ofCluster("a"), DeleteRequest.DEFAULT);
    node("a");
    api.cluster().forgetHistory();
    time.advance(Duration.ofSeconds(2));
    assertThat(next()).isEqualTo("deleted a");
    assertThat(next()).isEqualTo("added a");
  }

  @Test
  void leaseTimesKeepTheirMicroseconds() {
    String json = "{\"spec\":{\"renewTime\":\"2026-01-02T03:04:05.678901Z\"}}";
    var lease = KubeJson.read(json, io.fabric8.kubernetes.api.model.coordination.v1.Lease.class);
    assertThat(KubeJson.tree(lease).at("/spec/renewTime").asText())
        .isEqualTo("2026-01-02T03:04:05.678901Z");
  }

  private void awaitWatch() {
    long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (api.cluster().openWatches() == 0 && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }
}
