package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.Host;

/** The components that an upstream server installs by itself, as it installs them, and Traefik. */
@EnabledIfEnvironmentVariable(named = "K3S_BIN", matches = ".+")
@EnabledIfEnvironmentVariable(named = "K3S_GUESTS", matches = ".+")
class UpstreamGuestsIT extends GuestScenarios {
  UpstreamGuestsIT() {
    super(ServerKind.UPSTREAM_WITH_COMPONENTS);
  }

  @Override
  void install(Cluster cluster, String guest) throws InterruptedException {
    if (guest.equals("traefik")) {
      cluster.kubectl().apply(Guests.yaml("traefik.yaml"));
    }
  }

  @Override
  List<String> traefik(Cluster cluster) throws InterruptedException {
    Guests.need("klipper-lb");
    return cluster.nodes().stream().map(node -> node.host().address()).toList();
  }

  @Test
  void coreDnsKnowsTheNodesToo() throws InterruptedException {
    Guests.need("coredns");
    Guests.awaitRollout(cluster(), "deployment/coredns");
    awaitAnswer("n1", cluster().nodes().getFirst().host().address());
  }

  @Test
  void metricsServerKnowsWhatNodesAndPodsUse() throws InterruptedException {
    Guests.need("metrics-server");
    Guests.awaitRollout(cluster(), "deployment/metrics-server");
    cluster().run(Yaml.pod("busy", "n1", "while :; do :; done"), "busy");

    cluster()
        .kubectl()
        .text(
            "wait",
            "--for=condition=Available",
            "apiservice/v1beta1.metrics.k8s.io",
            "--timeout=90s");
    // Name, cores, their share, memory and its share; unknown numbers are <unknown>.
    Await.until(
        "kubectl top tells numbers of both nodes",
        PATIENCE,
        () -> {
          List<String> nodes = lines("top", "nodes", "--no-headers");
          return nodes.size() == 2
              && nodes.stream().allMatch(l -> l.matches("n[12] +\\d+m +\\d+% +\\d+Mi +\\d+%"));
        });
    Pattern busy = Pattern.compile("busy +(\\d+)m +(\\d+)Mi");
    Await.until(
        "kubectl top tells what a busy pod uses",
        PATIENCE,
        () ->
            lines("top", "pods", "--no-headers").stream()
                .map(busy::matcher)
                .anyMatch(m -> m.matches() && Integer.parseInt(m.group(1)) > 100));
    assertThat(lines("top", "pods", "-n", SYSTEM, "--containers", "--no-headers"))
        .anySatisfy(
            line -> assertThat(line).matches("metrics-server-\\S+ +metrics-server +\\d+m +\\d+Mi"));
    cluster().kubectl().text("delete", "pod", "busy", "--timeout=60s");
  }

  @Test
  void localPathProvisionerMakesAVolumeForAClaimAndRemovesIt()
      throws InterruptedException, IOException {
    Guests.need("local-path-provisioner");
    Guests.awaitRollout(cluster(), "deployment/local-path-provisioner");
    cluster().run(Guests.yaml("claim.yaml"), "writer");

    String volume = cluster().get("pvc/data", "{.spec.volumeName}");
    String place = cluster().get("pv/" + volume, "{.spec.hostPath.path}{.spec.local.path}");
    assertThat(place).startsWith("/var/lib/rancher/k3s/storage/" + volume);
    Path directory = cluster().nodes().getFirst().host().path(place);
    Await.until("the pod has written", PATIENCE, () -> Files.exists(directory.resolve("note")));
    assertThat(Files.readString(directory.resolve("note"))).isEqualTo("kept\n");

    cluster().kubectl().text("delete", "pod", "writer", "--timeout=60s");
    cluster().run(Guests.yaml("claim.yaml").replace("name: writer", "name: reader"), "reader");
    assertThat(cluster().kubectl().text("exec", "reader", "--", "cat", "/data/note"))
        .isEqualTo("kept");
    cluster().kubectl().text("delete", "pod", "reader", "--timeout=60s");
    cluster().kubectl().text("delete", "pvc", "data", "--timeout=60s");
    cluster().kubectl().text("wait", "--for=delete", "pv/" + volume, "--timeout=90s");
    assertThat(directory).doesNotExist();
  }

  @Test
  void aLoadBalancerAnswersOnTheAddressesOfAllNodes() throws InterruptedException {
    Guests.need("klipper-lb");
    cluster().kubectl().apply(service("balanced", "type: LoadBalancer", 8081));
    List<String> addresses = awaitAddresses("balanced", 2);

    for (String address : addresses) {
      String url = "http://" + address + ":8081/";
      for (Host from : List.of(cluster().serverHost(), cluster().nodes().getFirst().host())) {
        Await.until(
            "the load balancer answers " + from.name() + " on " + address,
            PATIENCE,
            () -> curl(from, url).equals("web"));
      }
      assertThat(inPod("curl -sS -m 5 " + url)).isEqualTo("web");
    }

    cluster().kubectl().text("delete", "service", "balanced");
    String url = "http://" + addresses.getFirst() + ":8081/";
    Await.until(
        "the port is closed",
        PATIENCE,
        () -> !cluster().serverHost().run("curl", "-s", "-m", "2", url).succeeded());
  }

  @Test
  void aLoadBalancerOfLocalTrafficAnswersOnTheNodeOfThePod() throws InterruptedException {
    Guests.need("klipper-lb");
    String type = "type: LoadBalancer\n  externalTrafficPolicy: Local";
    cluster().kubectl().apply(service("local", type, 8082));
    List<String> addresses = awaitAddresses("local", 1);

    assertThat(addresses).containsExactly(cluster().nodes().getFirst().host().address());
    String url = "http://" + addresses.getFirst() + ":8082/";
    Await.until(
        "the load balancer answers",
        PATIENCE,
        () -> curl(cluster().serverHost(), url).equals("web"));
    cluster().kubectl().text("delete", "service", "local");
  }

  private List<String> awaitAddresses(String service, int count) throws InterruptedException {
    String path = "{range .status.loadBalancer.ingress[*]}{.ip}{\"\\n\"}{end}";
    Await.until(
        service + " has addresses",
        PATIENCE,
        () -> cluster().get("service/" + service, path).lines().count() == count);
    return cluster().get("service/" + service, path).lines().toList();
  }

  private List<String> lines(String... command) throws InterruptedException {
    return cluster().kubectl().text(command).lines().map(String::strip).toList();
  }
}
