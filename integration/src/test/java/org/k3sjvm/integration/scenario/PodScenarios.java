package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;

/** What a pod's specification promises. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class PodScenarios {
  /** Live-updating volumes follow within the sync period of a minute. */
  private static final Duration REFRESHED = Duration.ofSeconds(150);

  private static final String VOLUMES =
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: settings}
      data: {color: red, size: big}
      ---
      apiVersion: v1
      kind: Secret
      metadata: {name: keys}
      stringData: {password: hunter2}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: volumes, labels: {tier: test}, annotations: {note: hi}}
      spec:
        terminationGracePeriodSeconds: 1
        volumes:
        - {name: settings, configMap: {name: settings}}
        - {name: keys, secret: {secretName: keys, defaultMode: 0400}}
        - {name: scratch, emptyDir: {}}
        - {name: fast, emptyDir: {medium: Memory}}
        - {name: host, hostPath: {path: SHARED, type: Directory}}
        - name: about
          downwardAPI:
            items:
            - {path: labels, fieldRef: {fieldPath: metadata.labels}}
            - {path: cpu, resourceFieldRef: {containerName: main, resource: limits.cpu, divisor: 1m}}
        containers:
        - name: main
          image: docker.io/library/busybox:1
          imagePullPolicy: Never
          command: [sh, -c, 'echo shared > /scratch/file; exec sleep 100000']
          resources: {limits: {cpu: 500m, memory: 64Mi}}
          env:
          - {name: PLAIN, value: plain}
          - {name: COMPOSED, value: $(PLAIN)-$(NODE)}
          - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
          - {name: AFTER, value: $(PLAIN)-$(NODE)-$$(PLAIN)}
          - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
          - {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
          - {name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}
          - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
          envFrom:
          - {prefix: S_, configMapRef: {name: settings}}
          volumeMounts:
          - {name: settings, mountPath: /settings}
          - {name: keys, mountPath: /keys}
          - {name: scratch, mountPath: /scratch}
          - {name: fast, mountPath: /fast}
          - {name: host, mountPath: /host}
          - {name: about, mountPath: /about}
        - name: beside
          image: docker.io/library/busybox:1
          imagePullPolicy: Never
          command: [sleep, '100000']
          volumeMounts:
          - {name: scratch, mountPath: /scratch}
          - {name: settings, mountPath: /color, subPath: color}
      """;

  private final ServerKind kind;
  private Cluster cluster;
  private Path shared;

  PodScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void startAPodWithVolumes() throws InterruptedException, IOException {
    cluster = Cluster.start(kind, "pods");
    Node node = cluster.node("n1");
    shared = Files.createDirectory(node.host().home().resolve("shared"));
    cluster.run(VOLUMES.replace("SHARED", shared.toString()), "volumes");
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void environmentComesFromValuesFieldsMapsAndSecrets() throws InterruptedException {
    assertThat(inPod("env").lines())
        .contains(
            "PLAIN=plain",
            "COMPOSED=plain-$(NODE)",
            "NODE=n1",
            "AFTER=plain-n1-$(PLAIN)",
            "IP=" + cluster.get("pod/volumes", "{.status.podIP}"),
            "COLOR=red",
            "PASSWORD=hunter2",
            "MEMORY=67108864",
            "S_size=big",
            "HOSTNAME=volumes",
            "KUBERNETES_SERVICE_PORT=443");
  }

  @Test
  void anEmptyDirectoryIsSharedByTheContainersOfAPod() throws InterruptedException {
    assertThat(
            cluster
                .kubectl()
                .text("exec", "volumes", "-c", "beside", "--", "cat", "/scratch/file", "/color"))
        .isEqualTo("shared\nred");
    assertThat(inPod("mount | grep ' /fast '")).contains("tmpfs");
  }

  @Test
  void aHostPathIsTheHostsOwn() throws InterruptedException, IOException {
    inPod("echo from the pod > /host/note");
    assertThat(Files.readString(shared.resolve("note"))).isEqualTo("from the pod\n");
  }

  @Test
  void aSecretIsReadableWithTheModeThatWasAsked() throws InterruptedException {
    assertThat(inPod("cat /keys/password; stat -L -c ' %a' /keys/password"))
        .isEqualTo("hunter2 400");
    assertThat(inPod("mount | grep ' /keys '")).contains("tmpfs");
  }

  @Test
  void theDownwardApiTellsThePodAboutItself() throws InterruptedException {
    assertThat(inPod("cat /about/labels")).isEqualTo("tier=\"test\"");
    assertThat(inPod("cat /about/cpu")).isEqualTo("500");
  }

  @Test
  void theServiceAccountTokenIsReadableAndItsOwn() throws InterruptedException {
    String directory = "/var/run/secrets/kubernetes.io/serviceaccount/";
    assertThat(inPod("cat " + directory + "namespace")).isEqualTo("default");
    assertThat(inPod("cat " + directory + "ca.crt")).startsWith("-----BEGIN CERTIFICATE-----");
    String token = inPod("cat " + directory + "token");
    String claims =
        new String(
            java.util.Base64.getUrlDecoder().decode(token.split("\\.", -1)[1]),
            java.nio.charset.StandardCharsets.UTF_8);
    assertThat(claims)
        .contains("system:serviceaccount:default:default")
        .contains(cluster.get("pod/volumes", "{.metadata.uid}"));
    assertThat(
            cluster
                .serverHost()
                .sh(
                    "curl -sk -m 30 -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer "
                        + token
                        + "' https://127.0.0.1:6443/api/v1/namespaces/default/pods")
                .text())
        .as("known, but not allowed to list pods")
        .isEqualTo("403");
  }

  @Test
  void aChangedConfigMapReachesTheRunningPod() throws InterruptedException {
    cluster.kubectl().text("patch", "configmap/settings", "-p", "{\"data\":{\"size\":\"small\"}}");
    // A change of the pod makes the agent look at once.
    cluster.kubectl().text("annotate", "pod/volumes", "changed=yes");
    Await.until("the file changes", REFRESHED, () -> inPod("cat /settings/size").equals("small"));
    assertThat(inPod("cat /settings/color; echo $S_size")).isEqualTo("redbig");
  }

  @Test
  void initContainersRunOneAfterTheOtherBeforeTheRest() throws InterruptedException {
    cluster.run(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: prepared}
        spec:
          terminationGracePeriodSeconds: 1
          volumes: [{name: work, emptyDir: {}}]
          initContainers:
          - name: first
            image: docker.io/library/busybox:1
            imagePullPolicy: Never
            command: [sh, -c, 'echo first >> /work/log']
            volumeMounts: [{name: work, mountPath: /work}]
          - name: second
            image: docker.io/library/busybox:1
            imagePullPolicy: Never
            command: [sh, -c, 'echo second >> /work/log']
            volumeMounts: [{name: work, mountPath: /work}]
          containers:
          - name: main
            image: docker.io/library/busybox:1
            imagePullPolicy: Never
            command: [sh, -c, 'echo main >> /work/log; exec sleep 100000']
            volumeMounts: [{name: work, mountPath: /work}]
        """,
        "prepared");
    assertThat(cluster.kubectl().text("exec", "prepared", "--", "cat", "/work/log"))
        .isEqualTo("first\nsecond\nmain");
  }

  @Test
  void aContainerThatFailsIsRestartedEverLater() throws InterruptedException {
    cluster.kubectl().apply(Yaml.pod("crasher", "echo try; exit 3"));
    Await.until(
        "it was restarted twice",
        Cluster.PATIENCE,
        () -> Integer.parseInt(status("crasher", "restartCount")) >= 2);
    Await.until(
        "it waits in back-off",
        Cluster.PATIENCE,
        () -> status("crasher", "state.waiting.reason").equals("CrashLoopBackOff"));
    assertThat(status("crasher", "lastState.terminated.exitCode")).isEqualTo("3");
    assertThat(cluster.kubectl().text("logs", "crasher", "--previous")).isEqualTo("try");
    assertThat(cluster.kubectl().text("get", "events", "--field-selector=reason=BackOff"))
        .contains("crasher");
    cluster.kubectl().text("delete", "pod", "crasher", "--grace-period=1");
  }

  @Test
  void restartPolicyNeverEndsThePod() throws InterruptedException {
    cluster
        .kubectl()
        .apply(
            Yaml.pod("done", "echo result")
                .replace("containers:", "restartPolicy: Never\n  containers:"));
    cluster
        .kubectl()
        .apply(
            Yaml.pod("failed", "exit 4")
                .replace("containers:", "restartPolicy: Never\n  containers:"));
    cluster.kubectl().await("pod/done", "{.status.phase}", "Succeeded", Cluster.PATIENCE);
    cluster.kubectl().await("pod/failed", "{.status.phase}", "Failed", Cluster.PATIENCE);
    assertThat(cluster.kubectl().text("logs", "done")).isEqualTo("result");
    assertThat(status("failed", "state.terminated.exitCode")).isEqualTo("4");
  }

  @Test
  void aPodWhoseImageIsMissingSaysSo() throws InterruptedException {
    cluster
        .kubectl()
        .apply(
            Yaml.pod("imageless", "true")
                .replace("busybox:1", "absent:1")
                .replace("IfNotPresent", "Never"));
    cluster
        .kubectl()
        .await(
            "pod/imageless",
            "{.status.containerStatuses[0].state.waiting.reason}",
            "ErrImageNeverPull",
            Cluster.PATIENCE);
    cluster.kubectl().text("delete", "pod", "imageless", "--grace-period=1");
  }

  private String status(String pod, String field) throws InterruptedException {
    return cluster.get("pod/" + pod, "{.status.containerStatuses[0]." + field + "}");
  }

  private String inPod(String script) throws InterruptedException {
    return cluster.kubectl().text("exec", "volumes", "-c", "main", "--", "sh", "-c", script);
  }
}
