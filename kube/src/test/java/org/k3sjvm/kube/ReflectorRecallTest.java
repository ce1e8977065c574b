package org.k3sjvm.kube;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Seal;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.memory.ApiMemory;
import org.k3sjvm.kube.memory.RememberingApi;
import org.k3sjvm.kube.memory.Silence;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;

/** What a reflector tells while no server answers, and when one does at last. */
@Timeout(30)
class ReflectorRecallTest {
  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final FakeKubeApi server = new FakeKubeApi(time);
  private final List<String> told = new ArrayList<>();
  private final List<Duration> waits = new ArrayList<>();

  @TempDir Path directory;
  private ApiMemory memory;
  private Reflector<Node> reflector;

  @BeforeEach
  void open() throws IOException {
    memory = ApiMemory.open(directory, new Seal("test", List.of("key".getBytes(UTF_8))), time);
    start();
  }

  /** A new start of the program. */
  private void start() {
    told.clear();
    waits.clear();
    Silence silence = new Silence(time);
    silence.assume();
    time.advance(Duration.ofSeconds(3)); // the memory answers alone for so long
    reflector =
        new Reflector<>(
            new RememberingApi(server, memory, Set.of(Resources.NODES), silence, time),
            Resources.NODES,
            Selection.ALL,
            0,
            event -> told.add(ReflectorEvents.text(event)),
            new Reflector.Surroundings(time, this::sleep, new Random(1)));
  }

  @Test
  void tellsWhatIsRememberedAndThenThatItIsRecalled() throws Exception {
    rememberTwoNodes();

    failToList();

    assertThat(told).containsExactly("added a", "added b", "recalled");
  }

  @Test
  void tellsSoOnceHoweverLongNobodyAnswers() throws Exception {
    rememberTwoNodes();

    for (int i = 0; i < 50; i++) {
      failToList();
    }

    assertThat(told).containsExactly("added a", "added b", "recalled");
    assertThat(waits).hasSize(50).allMatch(wait -> wait.compareTo(Duration.ofSeconds(5)) <= 0);
  }

  @Test
  void withoutAMemoryItTellsNothing() throws Exception {
    failToList();
    failToList();

    assertThat(told).isEmpty();
  }

  @Test
  void whatCannotBeReadIsNotRecalled() throws Exception {
    rememberTwoNodes();
    server.failNext(Verb.LIST, new KubeException.Forbidden("list nodes", "not yours"));

    reflector.step();

    assertThat(told).isEmpty();
  }

  @Test
  void whatDidNotChangeIsNotToldAgainWhenAServerAnswers() throws Exception {
    rememberTwoNodes();
    failToList();
    told.clear();

    stepUntilTheWatchEnds();

    assertThat(told).containsExactly("synced");
  }

  @Test
  void whatIsGoneIsDeletedWhenAServerAnswers() throws Exception {
    rememberTwoNodes();
    failToList();
    told.clear();
    delete("a");
    node("c");

    stepUntilTheWatchEnds();

    assertThat(told).containsExactly("added c", "deleted a", "synced");
  }

  @Test
  void whatIsAnotherOfThatNameIsDeletedAndAddedWhenAServerAnswers() throws Exception {
    rememberTwoNodes();
    failToList();
    told.clear();
    delete("a");
    node("a");

    stepUntilTheWatchEnds();

    assertThat(told).containsExactly("deleted a", "added a", "synced");
  }

  @Test
  void whatChangedMeanwhileIsToldWhenAServerAnswers() throws Exception {
    rememberTwoNodes();
    label("b", "1");
    failToList();
    assertThat(told).containsExactly("added a", "added b", "recalled");
    told.clear();

    stepUntilTheWatchEnds();

    assertThat(told).containsExactly("modified b", "synced");
  }

  @Test
  void aServerThatAnswersAtOnceLeavesNothingToRecall() throws Exception {
    rememberTwoNodes();

    stepUntilTheWatchEnds();

    assertThat(told).containsExactly("added a", "added b", "synced");
  }

  @Test
  void afterAServerAnsweredNothingIsRecalled() throws Exception {
    rememberTwoNodes();
    stepUntilTheWatchEnds();
    told.clear();
    loseTheHistory();
    delete("a");

    failToList();
    failToList();
    assertThat(told).isEmpty();

    stepUntilTheWatchEnds();
    assertThat(told).containsExactly("deleted a");
  }

  /** A heartbeat is not worth a write, so the memory may be older than what was told. */
  @Test
  void afterAServerAnsweredNothingOlderIsTold() throws Exception {
    rememberTwoNodes();
    server.patchStatus(
        Resources.NODES,
        ObjectName.ofCluster("a"),
        patch("{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}"));
    stepUntilTheWatchEnds();
    told.clear();
    loseTheHistory();

    failToList();
    stepUntilTheWatchEnds();

    assertThat(told).isEmpty();
  }

  private void rememberTwoNodes() throws InterruptedException {
    node("a");
    node("b");
    stepUntilTheWatchEnds();
    start();
  }

  private void failToList() throws InterruptedException {
    server.failNext(
        Verb.LIST, new KubeException.Unavailable("list nodes", "connection refused", null));
    reflector.step();
    time.advance(Duration.ofSeconds(3)); // the memory answers alone for so long
  }

  /** A list if one is due, and no watch. */
  private void stepUntilTheWatchEnds() throws InterruptedException {
    server.failNext(
        Verb.WATCH, new KubeException.Unavailable("watch nodes", "connection refused", null));
    reflector.step();
  }

  private void loseTheHistory() throws InterruptedException {
    server.failNext(Verb.WATCH, new KubeException.Gone("watch nodes", "too old"));
    reflector.step();
  }

  private void sleep(Duration wait) {
    waits.add(wait);
  }

  private void node(String name) {
    server.create(
        Resources.NODES,
        new NodeBuilder()
            .withNewMetadata()
            .withName(name)
            .endMetadata()
            .withNewStatus()
            .endStatus()
            .build());
  }

  private void delete(String name) {
    server.delete(Resources.NODES, ObjectName.ofCluster(name), DeleteRequest.DEFAULT);
  }

  private void label(String name, String value) {
    server.patch(
        Resources.NODES,
        ObjectName.ofCluster(name),
        patch("{\"metadata\":{\"labels\":{\"l\":\"" + value + "\"}}}"));
  }

  private static Patch patch(String json) {
    return new Patch.Merge(KubeJson.read(json, JsonNode.class));
  }
}
