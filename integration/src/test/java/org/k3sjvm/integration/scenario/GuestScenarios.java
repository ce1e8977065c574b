package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.Host;

/** What K3s users run first, the real programs in pods of our agents. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class GuestScenarios {
  static final Duration PATIENCE = Duration.ofSeconds(90);
  static final String SYSTEM = "kube-system";

  /** CoreDNS keeps an answer for 5 s, and that there is none for 30. */
  private static final Duration DNS_CACHE = Duration.ofSeconds(40);

  private static final String WEB =
      "mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";

  private final ServerKind kind;
  private Cluster cluster;

  GuestScenarios(ServerKind kind) {
    this.kind = kind;
  }

  /** Has the server run a guest, if it does not by itself. */
  abstract void install(Cluster cluster, String guest) throws InterruptedException;

  @BeforeAll
  void startTwoAgents() throws InterruptedException {
    cluster = Cluster.start(kind, "guests");
    Guests.stock(cluster);
    Node one = cluster.host("n1");
    Node two = cluster.host("n2");
    one.startUp();
    two.startUp();
    one.awaitReady(cluster);
    two.awaitReady(cluster);
    cluster.run(
        Yaml.pod("web", "n1", WEB)
            + Yaml.toolPod("client", "n2", "exec sleep 3600")
            + service("web", "type: NodePort", 80),
        "web",
        "client");
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void coreDnsTellsPodsWhereServicesAreAndFollowsThem() throws InterruptedException {
    Guests.need("coredns");
    install(cluster, "coredns");
    Guests.awaitRollout(cluster, "deployment/coredns");

    assertThat(inPod("cat /etc/resolv.conf"))
        .contains("nameserver 10.43.0.10")
        .contains("search default.svc.cluster.local svc.cluster.local cluster.local");
    awaitAnswer("web.default.svc.cluster.local", cluster.get("service/web", "{.spec.clusterIP}"));
    awaitAnswer("kubernetes.default.svc.cluster.local", "10.43.0.1");
    assertThat(inPod("curl -sS -m 10 http://web/")).isEqualTo("web");
    assertThat(inPod("curl -sS -m 10 http://web.default/")).isEqualTo("web");

    String headless = service("direct", "clusterIP: None", 80);
    cluster.kubectl().apply(headless);
    awaitAnswer("direct", cluster.get("pod/web", "{.status.podIP}"));
    cluster.kubectl().apply(headless.replace("{app: web}", "{app: client}"));
    awaitAnswer("direct", cluster.get("pod/client", "{.status.podIP}"));
    cluster.kubectl().text("delete", "service", "direct");
    Await.until(
        "the name is gone",
        PATIENCE.plus(DNS_CACHE),
        () -> inPod("getent hosts direct || echo none").equals("none"));
  }

  @Test
  void traefikServesAnIngress() throws InterruptedException {
    Guests.need("traefik");
    install(cluster, "traefik");
    Guests.awaitRollout(cluster, "deployment/traefik");
    cluster.kubectl().apply(Guests.yaml("ingress.yaml"));

    for (String address : traefik(cluster)) {
      String url = "http://" + address + "/";
      Await.until(
          "Traefik answers on " + address,
          PATIENCE,
          () -> curl(cluster.serverHost(), "-H", "Host: web.example.org", url).equals("web"));
      assertThat(curl(cluster.serverHost(), "-o", "/dev/null", "-w", "%{http_code}", url))
          .as("a host without an ingress")
          .isEqualTo("404");
    }
  }

  /** Where Traefik should answer outside of the cluster, as host and port. */
  abstract List<String> traefik(Cluster cluster) throws InterruptedException;

  /** A service in front of the pod {@code web}. */
  static String service(String name, String type, int port) {
    return """
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: %s}
    spec:
      %s
      selector: {app: web}
      ports: [{port: %d, targetPort: 8080}]
    """
        .formatted(name, type, port);
  }

  final Cluster cluster() {
    return cluster;
  }

  /** Waits until pods resolve a name to an address. */
  final void awaitAnswer(String name, String address) throws InterruptedException {
    Await.until(
        name + " is " + address,
        PATIENCE.plus(DNS_CACHE),
        () -> inPod("getent hosts " + name + " || true").startsWith(address + " "));
  }

  static String curl(Host from, String... arguments) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of("curl", "-sS", "-m", "5"));
    command.addAll(List.of(arguments));
    return from.run(command.toArray(String[]::new)).text().strip();
  }

  /** What a line of shell says in the pod {@code client}. */
  final String inPod(String script) throws InterruptedException {
    return cluster
        .kubectl()
        .text("exec", "client", "--", "env", "PATH=/bin:/usr/bin", "sh", "-c", script);
  }
}
