package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.Kubectl;
import org.k3sjvm.integration.lab.LabException;

/**
 * The same programs under the embedded server. It lets no service account in, so they get the
 * administrator's kubeconfig; it aggregates no API, so metrics-server is asked at its Service; it
 * binds no claims, so there is nothing to do for local-path-provisioner.
 */
@EnabledIfEnvironmentVariable(named = "K3S_GUESTS", matches = ".+")
class EmbeddedGuestsIT extends GuestScenarios {
  EmbeddedGuestsIT() {
    super(ServerKind.EMBEDDED);
  }

  @BeforeAll
  void giveGuestsAKubeconfig() throws InterruptedException {
    Path file = kubeconfig("guests", "https://10.43.0.1:443", true);
    Path clients = cluster().serverHost().path(Node.DATA + "/server/tls/client-ca.crt");
    cluster()
        .kubectl()
        .text(
            "-n",
            "kube-system",
            "create",
            "secret",
            "generic",
            "admin",
            "--from-file=config=" + file,
            "--from-file=clients=" + clients);
  }

  @Override
  void install(Cluster cluster, String guest) throws InterruptedException {
    cluster.kubectl().apply(Guests.yaml("embedded-" + guest + ".yaml"));
  }

  @Override
  List<String> traefik(Cluster cluster) {
    return cluster.nodes().stream().map(node -> node.host().address() + ":30081").toList();
  }

  @Test
  void metricsServerKnowsWhatNodesAndPodsUse() throws InterruptedException {
    Guests.need("metrics-server");
    install(cluster(), "metrics-server");
    Guests.awaitRollout(cluster(), "deployment/metrics-server");

    Host node = cluster().nodes().getFirst().host();
    Kubectl metrics = new Kubectl(node, kubeconfig("metrics", "https://10.43.0.11:443", false));
    Pattern usage = Pattern.compile("\"usage\":\\{\"cpu\":\"\\d+n?\",\"memory\":\"\\d+Ki\"}");
    for (String path : List.of("nodes", "namespaces/default/pods")) {
      Await.until(
          "metrics-server tells numbers of two " + path,
          PATIENCE,
          () -> {
            String answer = metrics.text("get", "--raw", "/apis/metrics.k8s.io/v1beta1/" + path);
            return usage.matcher(answer).results().count() == 2;
          });
    }
  }

  @Test
  void aPodThatBalancesLoadAnswersOnTheAddressesOfAllNodes() throws InterruptedException {
    Guests.need("klipper-lb");
    String web = cluster().get("service/web", "{.spec.clusterIP}");
    cluster().kubectl().apply(Guests.yaml("embedded-svclb.yaml").replace("CLUSTER_IP", web));
    Guests.awaitRollout(cluster(), "daemonset/svclb-web");

    for (Node node : cluster().nodes()) {
      String url = "http://" + node.host().address() + ":8083/";
      assertThat(curl(cluster().serverHost(), url)).isEqualTo("web");
    }
  }

  /** The administrator's, for another address. */
  private Path kubeconfig(String name, String server, boolean verified) {
    Path home = cluster().serverHost().home();
    try {
      String text =
          Files.readString(home.resolve("kubeconfig"))
              .replaceAll("server: https://\\S+", "server: " + server);
      return Files.writeString(
          home.resolve(name + "-kubeconfig"),
          verified
              ? text
              : text.replaceAll(
                  "certificate-authority-data: \\S+", "insecure-skip-tls-verify: true"));
    } catch (IOException e) {
      throw new LabException("cannot write a kubeconfig", e);
    }
  }
}
