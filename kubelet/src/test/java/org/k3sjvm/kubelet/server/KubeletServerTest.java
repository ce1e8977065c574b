package org.k3sjvm.kubelet.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.http.ClientRequest;
import org.k3sjvm.http.ClientResponse;
import org.k3sjvm.http.Duplex;
import org.k3sjvm.http.Headers;
import org.k3sjvm.http.HttpClientConnection;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.ServerTls;
import org.k3sjvm.http.testing.TestAuthority;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kubelet.pod.ContainerInstance;
import org.k3sjvm.kubelet.pod.PodLookup;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.trace.PodStarts;

@Timeout(60)
class KubeletServerTest {
  private static final String TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews";
  private static final String RIGHTS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

  @TempDir Path directory;

  private final TestAuthority servers = new TestAuthority("servers");
  private final TestAuthority clients = new TestAuthority("clients");
  private final FakeKubeApi api = new FakeKubeApi();
  private final OnePod pods = new OnePod();
  private final TlsIdentity apiServer = clients.client("O=system:masters,CN=kube-apiserver");
  private HttpServer streaming;
  private KubeletServer server;

  KubeletServerTest() throws IOException {
    // Stands for the runtime's streaming server: echoes, as one that serves a shell would.
    streaming =
        HttpServer.start(
            new HttpServerConfig("streaming", new HostPort("127.0.0.1", 0), Optional.empty()),
            (request, response) -> {
              if (request.path().equals("/refused")) {
                response.send(403, "text/plain", "no protocol in common");
                return;
              }
              Duplex raw =
                  response
                      .status(101)
                      .header("Connection", "Upgrade")
                      .header("Upgrade", request.headers().first("Upgrade").orElse(""))
                      .header("X-Seen", request.method() + " " + request.target().raw())
                      .header("X-Token", request.headers().first("Authorization").orElse("none"))
                      .hijack();
              raw.input().transferTo(raw.output());
            });
    server =
        KubeletServer.start(
            new KubeletServerConfig("node-a", new HostPort("127.0.0.1", 0), Path.of("/nowhere")),
            new ServerTls(servers.server(), List.of(clients.certificate())),
            api,
            pods,
            runtime("/exec/token"),
            new PodStarts(InstantSource.system(), System::nanoTime),
            () -> "k3s_other 1\n");
  }

  @BeforeEach
  void answers() {
    api.answer(
        TOKENS,
        review -> {
          boolean good = review.path("spec").path("token").asText().equals("good");
          ObjectNode answer = review.deepCopy();
          ObjectNode status = answer.putObject("status").put("authenticated", good);
          status.putObject("user").put("username", "monitor");
          return answer;
        });
    api.answer(
        RIGHTS,
        review -> {
          JsonNode spec = review.path("spec");
          JsonNode wanted = spec.path("resourceAttributes");
          boolean master = spec.path("groups").toString().contains("system:masters");
          boolean monitor =
              spec.path("user").asText().equals("monitor")
                  && wanted.path("subresource").asText().equals("stats");
          ObjectNode answer = review.deepCopy();
          answer
              .putObject("status")
              .put("allowed", (master || monitor) && wanted.path("name").asText().equals("node-a"));
          return answer;
        });
  }

  @AfterEach
  void stop() {
    server.close();
    streaming.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/healthz",
        "/pods",
        "/metrics",
        "/containerLogs/ns/web/app",
        "/exec/ns/web/app",
        "/logs/",
        "/nonsense",
        "/stats/summary",
        "/configz",
        "/run/ns/web/app"
      })
  void nothingIsServedToWhomNobodyKnows(String path) throws Exception {
    assertThat(get(path, Optional.empty()).status).isEqualTo(401);
    TlsIdentity foreign = new TestAuthority("clients").client("O=system:masters,CN=admin");
    assertThat(get(path, Optional.of(foreign)).status).isEqualTo(401);
    assertThat(get(path, Optional.empty(), "Authorization", "Bearer bad").status).isEqualTo(401);
    assertThat(get(path, Optional.empty(), "Authorization", "Basic Z29vZDo=").status)
        .isEqualTo(401);
  }

  @Test
  void aCertificateWithoutRightsIsForbiddenAndToldWhy() throws Exception {
    Answer answer = get("/exec/ns/web/app", Optional.of(clients.client("CN=somebody")));
    assertThat(answer.status).isEqualTo(403);
    assertThat(answer.text)
        .isEqualTo("Forbidden (user=somebody, verb=get, resource=nodes, subresource(s)=[proxy])");
  }

  @Test
  void aTokenOpensWhatItsUserMayAndNoMore() throws Exception {
    String[] good = {"Authorization", "Bearer good"};
    assertThat(get("/stats/summary", Optional.empty(), good).status).isEqualTo(200);
    assertThat(get("/statsfoo", Optional.empty(), good).status).isEqualTo(403);
    assertThat(get("/pods", Optional.empty(), good).status).isEqualTo(403);
    assertThat(get("/stats/../pods", Optional.empty(), good).status).isEqualTo(400);
  }

  @Test
  void answersOfTheApiServerAreRemembered() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertThat(get("/stats/summary", Optional.empty(), "Authorization", "Bearer good").status)
          .isEqualTo(200);
    }
    assertThat(api.requests().stream().filter(r -> r.subject().contains("tokenreviews")).count())
        .isEqualTo(1);
    assertThat(api.requests().stream().filter(r -> r.subject().contains("accessreviews")).count())
        .isEqualTo(1);
  }

  @Test
  void withoutTheApiServerNobodyIsLetIn() throws Exception {
    api.answer(
        RIGHTS,
        review -> {
          throw new KubeException.Unavailable("post", "connection refused", null);
        });
    Answer answer = get("/healthz", Optional.of(apiServer));
    assertThat(answer.status).isEqualTo(500);
    assertThat(answer.text).startsWith("Authorization error (user=kube-apiserver");
    api.answer(
        TOKENS,
        review -> {
          throw new KubeException.Unavailable("post", "connection refused", null);
        });
    assertThat(get("/healthz", Optional.empty(), "Authorization", "Bearer other").status)
        .isEqualTo(401);
  }

  @ParameterizedTest
  @CsvSource({
    "/healthz, 200, ok",
    "/healthz/ping, 200, ok",
    "/pods, 200, 'PodList'",
    "/runningpods/, 200, 'PodList'",
    "/configz, 200, kubeletconfig",
    "/metrics, 200, 'kubelet_running_pods 1'",
    "/metrics/resource, 200, node_cpu_usage_seconds_total",
    "/stats/summary, 200, '\"nodeName\":\"node-a\"'",
    "/stats/summary, 200, rssBytes",
    "/nonsense, 404, not found",
    "/containerLogs/ns/other/app, 404, 'pod \"other\" does not exist'",
    "/containerLogs/ns/web/other, 404, 'container \"other\" not found in pod \"web\"'",
    "/containerLogs/ns/web/app?previous=true, 400, 'previous terminated container \"app\" in pod'",
    "/containerLogs/ns/web/slow, 400, 'is waiting to start: trying and failing to pull image'",
    "/containerLogs/ns/web/app?tailLines=-1, 422, Invalid request",
    "/logs/../secret, 400, ''",
    "/logs/%2e%2e/secret, 400, ''",
    "/logs/..%2Fsecret, 404, ''",
    "/exec/ns/web/app?output=1, 400, Upgrade request required",
  })
  void theApiServerGetsWhatKubectlShows(String path, int status, String text) throws Exception {
    Answer answer = get(path, Optional.of(apiServer));
    assertThat(answer.text).contains(text);
    assertThat(answer.status).isEqualTo(status);
  }

  @Test
  void aFollowedLogArrivesLineByLineAndEndsWithTheContainer() throws Exception {
    Path log = directory.resolve("0.log");
    Files.writeString(log, "");
    pods.log = log;
    try (SSLSocket socket = connect(Optional.of(apiServer));
        HttpClientConnection client = HttpClientConnection.over(socket)) {
      ClientResponse response =
          client.send(request("GET", "/containerLogs/ns/web/app?follow=true"));
      assertThat(response.status()).as("before the first line").isEqualTo(200);
      Files.writeString(log, "2026-01-02T03:04:05Z stdout F hello\n", StandardOpenOption.APPEND);
      assertThat(response.body().readNBytes(6)).asString().isEqualTo("hello\n");
      Files.writeString(log, "2026-01-02T03:04:06Z stdout F bye\n", StandardOpenOption.APPEND);
      pods.running.set(false);
      assertThat(response.body().readAllBytes()).asString().isEqualTo("bye\n");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/exec/ns/web/app?command=sh&input=1&output=1&tty=1, POST, SPDY/3.1",
    "/exec/ns/web/uid-1/app?command=sh&input=1&output=1&error=1, GET, websocket",
    "/attach/ns/web/app?output=1, POST, SPDY/3.1",
    "/portForward/ns/web, POST, SPDY/3.1",
    "'/portForward/ns/web?port=80,81', GET, websocket",
  })
  void streamsPassToTheRuntimeAndBackWhateverTheirProtocol(
      String path, String method, String protocol) throws Exception {
    try (SSLSocket socket = connect(Optional.of(apiServer));
        HttpClientConnection client = HttpClientConnection.over(socket)) {
      ClientResponse response =
          client.send(
              request(
                  method,
                  path,
                  "Connection",
                  "Upgrade",
                  "Upgrade",
                  protocol,
                  "Authorization",
                  "Bearer secret"));
      assertThat(response.upgraded()).isTrue();
      assertThat(response.headers().first("Upgrade")).contains(protocol);
      assertThat(response.headers().first("X-Seen")).contains(method + " /exec/token?a=b");
      assertThat(response.headers().first("X-Token")).contains("none");
      byte[] data = new byte[2_000_000];
      new Random(5).nextBytes(data);
      OutputStream out = client.streams().output();
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      out.write(data);
                    } catch (IOException e) {
                      client.streams().close();
                    }
                  });
      assertThat(client.streams().input().readNBytes(data.length)).isEqualTo(data);
      writer.join();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/exec/ns/web/app?command=sh, 400, at least 1 of stdin",
    "/exec/ns/web/app?command=sh&stdout=true, 400, at least 1 of stdin",
    "/exec/ns/web/app?command=sh&output=true, 400, at least 1 of stdin",
    "/exec/ns/other/app?output=1, 404, pod does not exist",
    "/exec/ns/web/uid-2/app?output=1, 404, pod does not exist",
    "/exec/ns/web/other?output=1, 404, 'container not found (\"other\")'",
    "/portForward/ns/web, 400, is required",
    "/portForward/ns/web?port=0, 400, as a port",
    "/portForward/ns/other?port=80, 404, pod does not exist",
  })
  void streamsThatCannotBeAreRefusedInWords(String path, int status, String text) throws Exception {
    try (SSLSocket socket = connect(Optional.of(apiServer));
        HttpClientConnection client = HttpClientConnection.over(socket)) {
      ClientResponse response =
          client.send(request("GET", path, "Connection", "Upgrade", "Upgrade", "websocket"));
      assertThat(response.body().readAllBytes()).asString().contains(text);
      assertThat(response.status()).isEqualTo(status);
    }
  }

  private record Answer(int status, String text) {}

  private Answer get(String path, Optional<TlsIdentity> identity, String... headers)
      throws IOException {
    try (SSLSocket socket = connect(identity);
        HttpClientConnection client = HttpClientConnection.over(socket)) {
      ClientResponse response = client.send(request("GET", path, headers));
      return new Answer(
          response.status(), new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  private static ClientRequest request(String method, String path, String... headers) {
    Headers all = Headers.of("Host", "node-a");
    for (Headers.Entry entry : Headers.of(headers).entries()) {
      all = all.with(entry.name(), entry.value());
    }
    return new ClientRequest(method, path, all);
  }

  private SSLSocket connect(Optional<TlsIdentity> identity) throws IOException {
    return (SSLSocket)
        servers
            .context(identity)
            .getSocketFactory()
            .createSocket(server.address().getAddress(), server.address().getPort());
  }

  private ContainerRuntime runtime(String path) {
    URI target = URI.create("http://127.0.0.1:" + streaming.address().getPort() + path + "?a=b");
    return (ContainerRuntime)
        Proxy.newProxyInstance(
            ContainerRuntime.class.getClassLoader(),
            new Class<?>[] {ContainerRuntime.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "exec", "attach", "portForward" -> target;
                  case "listContainers", "listContainerStats" -> List.of();
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  /** One pod {@code ns/web} with a container {@code app} and one that waits for its image. */
  private static final class OnePod implements PodLookup {
    private final AtomicBoolean running = new AtomicBoolean(true);
    private volatile Path log = Path.of("/nowhere");
    private final Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace("ns")
            .withName("web")
            .withUid("uid-1")
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("app")
            .endContainer()
            .addNewContainer()
            .withName("slow")
            .endContainer()
            .endSpec()
            .withNewStatus()
            .withPhase("Running")
            .addNewContainerStatus()
            .withName("slow")
            .withNewState()
            .withNewWaiting()
            .withReason("ImagePullBackOff")
            .endWaiting()
            .endState()
            .endContainerStatus()
            .endStatus()
            .build();

    @Override
    public List<Pod> pods() {
      return List.of(pod);
    }

    @Override
    public Optional<Pod> pod(String namespace, String name) {
      return Optional.of(pod).filter(each -> namespace.equals("ns") && name.equals("web"));
    }

    @Override
    public Optional<Pod> pod(PodUid uid) {
      return Optional.of(pod).filter(each -> uid.value().equals("uid-1"));
    }

    @Override
    public Optional<ContainerInstance> container(
        String namespace, String name, String container, boolean previous) {
      return container.equals("app") && !previous
          ? Optional.of(
              new ContainerInstance(
                  new PodUid("uid-1"),
                  "app",
                  new ContainerId("c1"),
                  Optional.of(log),
                  running.get()))
          : Optional.empty();
    }

    @Override
    public Optional<SandboxId> sandbox(String namespace, String name) {
      return Optional.of(new SandboxId("s1"));
    }
  }
}
