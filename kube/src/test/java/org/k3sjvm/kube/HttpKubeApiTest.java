package org.k3sjvm.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;

class HttpKubeApiTest extends KubeApiContract {
  private static final KubeClientConfig SMALL =
      new KubeClientConfig(
          "test", Duration.ofSeconds(5), Duration.ofSeconds(5), 64 << 10, 256 << 10);

  private final FakeKubeApi fake = new FakeKubeApi();
  private FakeApiServer server;
  private HttpKubeApi api;

  @BeforeEach
  void start() throws Exception {
    server = new FakeApiServer(fake);
    api = new HttpKubeApi(credentials(server.uri()), SMALL);
  }

  @AfterEach
  void stop() {
    api.close();
    server.close();
  }

  @Override
  KubeApi api() {
    return api;
  }

  @Override
  String namespace() {
    return "default";
  }

  private static KubeCredentials credentials(URI uri) {
    return new KubeCredentials(uri, List.of(), Optional.empty(), Optional.empty());
  }

  private static ConfigMap bulk(String name, int bytes) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withData(Map.of("bulk", "x".repeat(bytes)))
        .build();
  }

  @Test
  void answersBeyondTheLimitAreRefusedAndListsMayBeLarger() throws Exception {
    fake.create(Resources.CONFIG_MAPS, bulk("a", 60 << 10));
    fake.create(Resources.CONFIG_MAPS, bulk("b", 100 << 10));
    assertThat(api.get(Resources.CONFIG_MAPS, new ObjectName("default", "a")).getData())
        .isNotEmpty();
    assertThatThrownBy(() -> api.get(Resources.CONFIG_MAPS, new ObjectName("default", "b")))
        .isInstanceOf(KubeException.Unavailable.class)
        .hasMessageContaining("larger than this client takes");
    assertThat(api.list(Resources.CONFIG_MAPS, ListRequest.newest(Selection.ALL)).items())
        .hasSize(2);
  }

  @Test
  void theServersWaitIsKeptWithItsRefusal() {
    fake.failNext(Verb.GET, new KubeException.Throttled("get", "slow down", Duration.ofSeconds(7)));
    assertThatThrownBy(() -> api.get(Resources.NODES, ObjectName.ofCluster("n")))
        .isInstanceOfSatisfying(
            KubeException.Throttled.class,
            e -> assertThat(e.retryAfter()).isEqualTo(Duration.ofSeconds(7)));
  }

  @Test
  void aServerThatIsNotThereIsUnavailable() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    try (HttpKubeApi lost =
        new HttpKubeApi(credentials(URI.create("http://127.0.0.1:" + port)), SMALL)) {
      assertThatThrownBy(() -> lost.getText("/version"))
          .isInstanceOfSatisfying(
              KubeException.Unavailable.class, e -> assertThat(e.retryable()).isTrue());
    }
  }

  @Test
  void aServerThatAcceptsAndNeverAnswersIsUnavailable() throws Exception {
    KubeClientConfig hasty =
        new KubeClientConfig("test", Duration.ofSeconds(5), Duration.ofMillis(200), 1024, 1024);
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        HttpKubeApi lost =
            new HttpKubeApi(
                credentials(URI.create("http://127.0.0.1:" + silent.getLocalPort())), hasty)) {
      assertThatThrownBy(() -> lost.getText("/version"))
          .isInstanceOf(KubeException.Unavailable.class)
          .hasMessageContaining("did not answer in time");
    }
  }

  @Test
  void aTooOldVersionAndABrokenConnectionEndAWatchDifferently() throws Exception {
    WatchRequest all =
        new WatchRequest(
            Selection.ALL, Long.toString(fake.cluster().version()), Duration.ofSeconds(30));
    try (Watch<ConfigMap> watch = api.watch(Resources.CONFIG_MAPS, all)) {
      fake.cluster().forgetHistory();
      assertThatThrownBy(watch::next).isInstanceOf(KubeException.Gone.class);
    }
    assertThatThrownBy(() -> api.watch(Resources.CONFIG_MAPS, all))
        .isInstanceOf(KubeException.Gone.class);
    WatchRequest newest = new WatchRequest(Selection.ALL, "", Duration.ofSeconds(30));
    try (Watch<ConfigMap> watch = api.watch(Resources.CONFIG_MAPS, newest)) {
      fake.cluster().cutWatches();
      assertThatThrownBy(watch::next).isInstanceOf(KubeException.Unavailable.class);
    }
    try (Watch<ConfigMap> watch = api.watch(Resources.CONFIG_MAPS, newest)) {
      fake.cluster().endWatches();
      assertThat(watch.next()).isEmpty();
    }
  }

  @Test
  void newCredentialsAreUsedFromTheNextRequestOnWhileOpenWatchesGoOn() throws Exception {
    FakeKubeApi other = new FakeKubeApi();
    other.create(
        Resources.NODES,
        new NodeBuilder().withNewMetadata().withName("elsewhere").endMetadata().build());
    try (FakeApiServer second = new FakeApiServer(other);
        Watch<Node> watch =
            api.watch(
                Resources.NODES, new WatchRequest(Selection.ALL, "", Duration.ofSeconds(30)))) {
      api.use(credentials(second.uri()));
      assertThat(api.get(Resources.NODES, ObjectName.ofCluster("elsewhere"))).isNotNull();
      fake.create(
          Resources.NODES,
          new NodeBuilder().withNewMetadata().withName("later").endMetadata().build());
      assertThat(watch.next()).hasValueSatisfying(e -> assertThat(e.toString()).contains("later"));
    }
  }

  @Test
  void statusPatchesAndTokenRequestsGoToTheirSubresources() throws Exception {
    fake.create(
        Resources.NODES, new NodeBuilder().withNewMetadata().withName("n").endMetadata().build());
    Patch phase =
        new Patch.Strategic(
            KubeJson.read(
                "{\"spec\":{\"unschedulable\":true},\"status\":{\"phase\":\"Running\"}}",
                com.fasterxml.jackson.databind.JsonNode.class));
    Node patched = api.patchStatus(Resources.NODES, ObjectName.ofCluster("n"), phase);
    assertThat(patched.getStatus().getPhase()).isEqualTo("Running");
    assertThat(patched.getSpec() == null || patched.getSpec().getUnschedulable() == null).isTrue();
    assertThat(
            api.post(
                    "/api/v1/namespaces/default/serviceaccounts/default/token",
                    KubeJson.newObject())
                .at("/status/token")
                .asText())
        .isEqualTo("token-1");
    assertThat(new Resource<>("a/v1", "p", "K", GenericKubernetesResource.class, true).path("ns"))
        .isEqualTo("/apis/a/v1/namespaces/ns/p");
  }
}
