package org.k3sjvm.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.SocketDuplex;

/** The real kubectl against the control plane over TLS; one node that a script plays. */
class KubectlIT {
  private static final String NODE =
      """
      apiVersion: v1
      kind: Node
      metadata:
        name: n1
        labels: {kubernetes.io/hostname: n1}
        annotations: {k3s.io/internal-ip: 127.0.0.1, k3s.io/hostname: n1}
      status:
        capacity: {cpu: "2", memory: 4Gi, pods: "110"}
        allocatable: {cpu: "2", memory: 4Gi, pods: "110"}
        nodeInfo: {kubeletVersion: v1.32.9, machineID: "", systemUUID: "", bootID: "",
          kernelVersion: k, osImage: o, containerRuntimeVersion: c, kubeProxyVersion: "",
          operatingSystem: linux, architecture: amd64}
        conditions:
        - {type: Ready, status: "True", reason: KubeletReady, message: ok,
           lastHeartbeatTime: "2030-01-01T00:00:00Z", lastTransitionTime: "2030-01-01T00:00:00Z"}
      """;

  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        replicas: %d
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            containers: [{name: c, image: "busybox:1", resources: {requests: {cpu: 100m}}}]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: web}
      spec: {selector: {app: web}, ports: [{port: 80}]}
      """;

  @TempDir Path directory;
  HttpServer kubelet;
  LiveControlPlane plane;
  Path admin;

  @BeforeEach
  void start() throws IOException {
    kubelet =
        HttpServer.start(
            new HttpServerConfig("kubelet", new HostPort("127.0.0.1", 0), Optional.empty()),
            (request, response) -> {
              response.header("Content-Type", "text/plain");
              try (OutputStream out = response.body()) {
                out.write((request.target().raw() + "\n").getBytes(StandardCharsets.UTF_8));
              }
            });
    plane =
        LiveControlPlane.start(
            directory,
            (_, _) ->
                new SocketDuplex(
                    new Socket(InetAddress.getLoopbackAddress(), kubelet.address().getPort())));
    admin = plane.kubeconfig("admin", "system:masters");
  }

  @AfterEach
  void stop() {
    plane.close();
    kubelet.close();
  }

  private record Result(int code, String text) {}

  private Result run(Path kubeconfig, String input, String... args) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("kubectl", "--kubeconfig", kubeconfig.toString()));
    command.addAll(List.of(args));
    Path in = Files.writeString(directory.resolve("stdin"), input);
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectInput(in.toFile()).start();
    process.toHandle().onExit().orTimeout(60, TimeUnit.SECONDS);
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), text);
  }

  private String kubectl(String... args) throws Exception {
    Result result = run(admin, "", args);
    assertThat(result.code()).as(String.join(" ", args) + ": " + result.text()).isZero();
    return result.text();
  }

  private String apply(String yaml) throws Exception {
    Result result = run(admin, yaml, "apply", "-f", "-");
    assertThat(result.code()).as(result.text()).isZero();
    return result.text();
  }

  private void addNode() throws Exception {
    Result result = run(admin, NODE, "create", "-f", "-");
    assertThat(result.code()).as(result.text()).isZero();
  }

  @Test
  void appliesADeploymentWhosePodsAreScheduled() throws Exception {
    addNode();

    assertThat(apply(DEPLOYMENT.formatted(2))).contains("web created");
    assertThat(apply(DEPLOYMENT.formatted(2))).contains("web unchanged");
    kubectl("wait", "--for=jsonpath={.status.replicas}=2", "deploy/web", "--timeout=20s");
    kubectl("wait", "--for=condition=PodScheduled", "pod", "-l", "app=web", "--timeout=20s");

    assertThat(kubectl("get", "nodes")).contains("n1", "Ready");
    assertThat(kubectl("get", "pods", "-o", "wide")).contains("0/1", "Pending", "n1");
    assertThat(kubectl("get", "deploy,rs,svc")).contains("0/2", "replicaset.apps/web-", "80/TCP");
    assertThat(kubectl("describe", "deploy", "web")).contains("ScalingReplicaSet");
    assertThat(kubectl("get", "events")).contains("Scheduled");

    kubectl("scale", "deploy", "web", "--replicas=0");
    kubectl("delete", "pod", "-l", "app=web", "--grace-period=0", "--force");
    kubectl("wait", "--for=delete", "pod", "-l", "app=web", "--timeout=20s");
    kubectl("delete", "deploy/web", "svc/web");
    assertThat(kubectl("get", "deploy")).contains("No resources found");
  }

  @Test
  void changesNodesAndTellsWatchers() throws Exception {
    addNode();

    kubectl("label", "node", "n1", "x=y");
    kubectl("taint", "node", "n1", "k=v:NoSchedule");
    kubectl("cordon", "n1");
    assertThat(kubectl("get", "nodes", "--show-labels")).contains("SchedulingDisabled", "x=y");
    kubectl("uncordon", "n1");
    kubectl("taint", "node", "n1", "k-");
    assertThat(kubectl("describe", "node", "n1")).contains("Unschedulable:      false", "x=y");
    kubectl("annotate", "node", "n1", "a=b");
    assertThat(kubectl("get", "node", "n1", "-o", "jsonpath={.spec.podCIDR}")).startsWith("10.42.");
  }

  @Test
  void readsLogsThroughTheKubelet() throws Exception {
    addNode();
    kubectl("wait", "--for=jsonpath={.status.addresses[0].type}=InternalIP", "node/n1");
    apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec: {nodeName: n1, containers: [{name: c, image: busybox}]}
        """);

    assertThat(kubectl("logs", "p", "--tail=3", "-f"))
        .contains("/containerLogs/default/p/c?follow=true&tailLines=3");
    assertThat(kubectl("get", "--raw", "/api/v1/nodes/n1/proxy/healthz")).contains("/healthz");
  }

  @Test
  void refusesWhatIsWrongWithTheReason() throws Exception {
    Result unknownField =
        run(
            admin,
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nbogus: 1\n",
            "apply",
            "-f",
            "-");
    assertThat(unknownField.text()).contains("unknown field \"bogus\"");
    assertThat(run(admin, "", "get", "pod", "none").text())
        .contains("Error from server (NotFound): pods \"none\" not found");
    kubectl("create", "configmap", "c", "--from-literal=a=b");
    assertThat(run(admin, "", "create", "configmap", "c").text())
        .contains("configmaps \"c\" already exists");
    assertThat(run(admin, "", "delete", "namespace", "default").text()).contains("Forbidden");
    assertThat(run(admin, "", "create", "configmap", "A_b").text())
        .contains("ConfigMap \"A_b\" is invalid", "metadata.name");
  }

  @Test
  void aNamespaceGoesWithEverythingInIt() throws Exception {
    kubectl("create", "namespace", "x");
    kubectl("-n", "x", "create", "configmap", "c", "--from-literal=a=b");
    kubectl("-n", "x", "create", "secret", "generic", "s", "--from-literal=a=b");

    kubectl("delete", "namespace", "x", "--timeout=30s");

    assertThat(kubectl("get", "cm,secret", "-A")).doesNotContain("x  ");
    assertThat(run(admin, "", "get", "ns", "x").text()).contains("NotFound");
  }

  @Test
  void aNodeSeesOnlyWhatConcernsIt() throws Exception {
    addNode();
    kubectl("create", "secret", "generic", "mine", "--from-literal=a=b");
    kubectl("create", "secret", "generic", "other", "--from-literal=a=b");
    apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec:
          nodeName: n1
          containers: [{name: c, image: busybox, envFrom: [{secretRef: {name: mine}}]}]
        """);
    Path node = plane.kubeconfig("system:node:n1", "system:nodes");
    Path nobody = plane.kubeconfig("nobody");

    assertThat(run(node, "", "get", "secret", "mine").code()).isZero();
    assertThat(run(node, "", "get", "secret", "other").text())
        .contains("no relationship found between node 'n1' and this object");
    assertThat(run(node, "", "get", "secrets").text()).contains("Forbidden");
    assertThat(run(node, "", "get", "pods", "-A", "--field-selector=spec.nodeName=n1").text())
        .contains("p ");
    assertThat(run(node, "", "get", "pods", "-A").text()).contains("Forbidden");
    assertThat(run(node, "", "label", "node", "n1", "node-restriction.kubernetes.io/a=b").text())
        .contains("is not allowed to modify labels");
    assertThat(run(node, "", "taint", "node", "n1", "a=b:NoSchedule").text())
        .contains("is not allowed to modify taints");
    assertThat(run(node, "", "delete", "node", "n1").text()).contains("Forbidden");
    assertThat(
            run(
                    node,
                    "",
                    "create",
                    "token",
                    "default",
                    "--bound-object-kind=Pod",
                    "--bound-object-name=p")
                .text())
        .startsWith("ey");
    assertThat(run(nobody, "", "get", "pods").text()).contains("Forbidden");
    assertThat(run(nobody, "", "auth", "can-i", "get", "pods").text()).contains("no");
    assertThat(run(nobody, "", "auth", "whoami").text()).contains("nobody");
  }

  @Test
  void aServiceAccountTokenIsKnownUntilItsAccountGoes() throws Exception {
    kubectl("create", "serviceaccount", "bot");
    String token = kubectl("create", "token", "bot").strip();

    assertThat(
            run(directory.resolve("admin.kubeconfig"), "", "auth", "whoami", "--token", token)
                .text())
        .contains("admin");
    String review =
        "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"spec\":"
            + "{\"token\":\""
            + token
            + "\"}}";
    Result reviewed = run(admin, review, "create", "-o", "json", "-f", "-");
    assertThat(reviewed.text())
        .contains("\"authenticated\": true", "system:serviceaccount:default:bot");
    kubectl("delete", "serviceaccount", "bot");
    assertThat(run(admin, review, "create", "-o", "json", "-f", "-").text())
        .contains("\"authenticated\": false");
  }

  @Test
  void listsInPages() throws Exception {
    for (String name : List.of("a", "b", "c", "d", "e")) {
      kubectl("create", "configmap", name, "--from-literal=k=v");
    }

    assertThat(kubectl("get", "cm", "--chunk-size=2", "-o", "name").lines())
        .containsExactly(
            "configmap/a",
            "configmap/b",
            "configmap/c",
            "configmap/d",
            "configmap/e",
            "configmap/kube-root-ca.crt");
  }

  @Test
  void watchesChangesAsTheyHappen() throws Exception {
    Process watch =
        new ProcessBuilder(
                "kubectl",
                "--kubeconfig",
                admin.toString(),
                "get",
                "cm",
                "-w",
                "--output-watch-events",
                "--request-timeout=30s")
            .redirectErrorStream(true)
            .start();
    try (var lines = watch.inputReader()) {
      String first = lines.readLine();
      assertThat(first).contains("EVENT");
      kubectl("create", "configmap", "seen", "--from-literal=a=b");
      kubectl("label", "configmap", "seen", "x=y");
      kubectl("delete", "configmap", "seen");
      List<String> events = new ArrayList<>();
      while (events.size() < 3) {
        String line = lines.readLine();
        assertThat(line).isNotNull();
        if (line.contains("seen")) {
          events.add(line.split(" +", 2)[0]);
        }
      }
      assertThat(events).containsExactly("ADDED", "MODIFIED", "DELETED");
    } finally {
      assertThat(watch.toHandle().destroyForcibly()).isTrue();
    }
  }
}
