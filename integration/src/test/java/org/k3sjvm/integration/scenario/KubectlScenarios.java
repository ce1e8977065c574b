package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.Result;

/** The commands that a user types, with server and agent on different hosts. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class KubectlScenarios {
  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: hello}
      spec:
        replicas: 2
        selector: {matchLabels: {app: hello}}
        template:
          metadata: {labels: {app: hello}}
          spec:
            terminationGracePeriodSeconds: 1
            containers:
            - name: hello
              image: docker.io/library/busybox:1
              imagePullPolicy: IfNotPresent
              command: [sh, -c, 'echo hello from $(hostname); mkdir /www; echo page > /www/index.html; exec httpd -f -p 8080 -h /www']
      """;

  private final ServerKind kind;
  private Cluster cluster;

  KubectlScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void startServerAndAgent() throws InterruptedException {
    cluster = Cluster.start(kind, "kubectl");
    cluster.node("n1");
    cluster.kubectl().apply(DEPLOYMENT + Yaml.pod("tool", "echo started; exec sleep 100000"));
    rollOut();
    cluster.awaitReady("tool");
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void aDeploymentRunsOnANodeThatIsReady() throws InterruptedException {
    assertThat(cluster.get("deployment/hello", "{.status.availableReplicas}")).isEqualTo("2");
    assertThat(cluster.kubectl().text("get", "nodes", "--no-headers")).contains("n1", "Ready");
    assertThat(cluster.kubectl().text("get", "pods", "-o", "wide")).contains("hello-", "10.42.");
  }

  @Test
  void logsShowsWhatAContainerSaid() throws InterruptedException {
    assertThat(cluster.kubectl().text("logs", "deployment/hello")).startsWith("hello from hello-");
    assertThat(cluster.kubectl().text("logs", "tool", "--tail=1", "--timestamps"))
        .matches("\\d{4}-\\d\\d-\\d\\dT\\S+ started");
  }

  @Test
  void logsFollowsUntilTheContainerEnds() throws InterruptedException {
    cluster.run(
        Yaml.pod("talker", "echo one; while [ ! -e /two ]; do sleep 0.1; done; echo two"),
        "talker");
    HostProcess follow = kubectlOnServer("follow", "logs", "-f", "talker");

    follow.awaitLog("one", Cluster.PATIENCE);
    cluster.kubectl().text("exec", "talker", "--", "touch", "/two");
    follow.awaitLog("two", Cluster.PATIENCE);
    cluster.kubectl().text("delete", "pod", "talker");

    assertThat(follow.awaitEnd(Cluster.PATIENCE)).isZero();
  }

  @Test
  void execPassesInputOutputErrorsAndTheExitCode() throws InterruptedException {
    Result result =
        cluster
            .serverHost()
            .sh(
                "printf 'a\\nb\\n' | kubectl --kubeconfig "
                    + cluster.kubectl().kubeconfig()
                    + " exec -i tool -- sh -c 'wc -l; echo oops >&2; exit 7'");

    assertThat(result.output().strip()).isEqualTo("2");
    assertThat(result.error()).contains("oops").contains("exit code 7");
    assertThat(result.exitCode()).isEqualTo(7);
  }

  @Test
  void execGivesATerminalOfTheRightSize() throws InterruptedException {
    Result result =
        cluster
            .serverHost()
            .sh(
                "script -qec 'stty rows 31 cols 97; kubectl --kubeconfig "
                    + cluster.kubectl().kubeconfig()
                    + " exec -it tool -- sh -c \"tty; i=0; while [ \\$i -lt 100 ]; do stty size |"
                    + " grep 97 && break; i=\\$((i+1)); sleep 0.1; done\"' /dev/null");

    assertThat(result.output()).contains("/dev/pts/0").contains("31 97");
  }

  @Test
  void attachReachesTheMainProcess() throws IOException, InterruptedException {
    cluster.run(Yaml.pod("echoer", "while read line; do echo got $line; done"), "echoer");
    List<String> command = kubectlCommand("attach", "-i", "echoer");
    Process attach =
        cluster
            .serverHost()
            .builder(command)
            .redirectError(cluster.serverHost().home().resolve("attach.err").toFile())
            .start();
    try (Writer in = attach.outputWriter();
        BufferedReader out = attach.inputReader()) {
      in.write("hello\n");
      in.flush();
      assertThat(out.readLine()).isEqualTo("got hello");
    } finally {
      attach.descendants().forEach(ProcessHandle::destroyForcibly);
      attach.destroyForcibly().waitFor();
    }
  }

  @Test
  void portForwardReachesAServerInAPod() throws InterruptedException {
    HostProcess forward =
        kubectlOnServer("forward", "port-forward", "deployment/hello", "18080:8080");
    forward.awaitLog("Forwarding from 127.0.0.1:18080", Cluster.PATIENCE);
    for (int i = 0; i < 3; i++) {
      assertThat(
              cluster.serverHost().run("curl", "-sS", "-m", "30", "http://127.0.0.1:18080/").text())
          .isEqualTo("page");
    }
    forward.stop();
  }

  @Test
  void cpCarriesFilesBothWays() throws IOException, InterruptedException {
    Path home = cluster.serverHost().home();
    byte[] content = new byte[1 << 20];
    new Random(1).nextBytes(content);
    Files.write(home.resolve("there"), content);

    cluster.kubectl().text("cp", home.resolve("there").toString(), "tool:/tmp/there");
    cluster.kubectl().text("cp", "tool:/tmp/there", home.resolve("back").toString());

    assertThat(Files.mismatch(home.resolve("there"), home.resolve("back"))).isEqualTo(-1);
  }

  @Test
  void deleteLetsAProcessSayGoodbye() throws InterruptedException {
    cluster.run(
        Yaml.pod(
            "polite",
            "trap \"sleep 1; echo goodbye; exit 0\" TERM; echo up; while :; do sleep 0.1; done"),
        "polite");
    HostProcess follow = kubectlOnServer("polite", "logs", "-f", "polite");
    follow.awaitLog("up", Cluster.PATIENCE);

    cluster.kubectl().text("delete", "pod", "polite", "--grace-period=60", "--timeout=50s");

    follow.awaitLog("goodbye", Cluster.PATIENCE);
    assertThat(follow.awaitEnd(Cluster.PATIENCE)).isZero();
    assertThat(cluster.kubectl().run("get", "pod", "polite").error()).contains("NotFound");
  }

  @Test
  void deleteEndsAProcessThatDoesNotListen() throws InterruptedException {
    cluster.run(Yaml.pod("stubborn", "trap \"\" TERM; while :; do sleep 0.1; done"), "stubborn");

    cluster.kubectl().text("delete", "pod", "stubborn", "--grace-period=1", "--timeout=50s");

    assertThat(cluster.kubectl().run("get", "pod", "stubborn").error()).contains("NotFound");
  }

  @Test
  void aDeploymentFollowsScaleAndNewTemplates() throws InterruptedException {
    cluster.kubectl().apply(DEPLOYMENT.replace("hello", "moving"));
    cluster.kubectl().text("scale", "deployment/moving", "--replicas=3");
    cluster.kubectl().text("rollout", "status", "deployment/moving", "--timeout=90s");
    assertThat(cluster.get("deployment/moving", "{.status.readyReplicas}")).isEqualTo("3");

    cluster.kubectl().text("set", "env", "deployment/moving", "CHANGED=yes");
    cluster.kubectl().text("rollout", "status", "deployment/moving", "--timeout=90s");
    cluster.kubectl().text("delete", "deployment/moving");
    Await.until(
        "the pods are gone",
        Duration.ofSeconds(60),
        () -> cluster.kubectl().text("get", "pods", "-l", "app=moving", "-o", "name").isEmpty());
  }

  private void rollOut() throws InterruptedException {
    Result rollout =
        cluster.kubectl().run("rollout", "status", "deployment/hello", "--timeout=90s");
    assertThat(rollout.exitCode()).as(() -> rollout.error() + "\n" + described()).isZero();
  }

  private String described() {
    try {
      return cluster.kubectl().run("describe", "pods").output();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  private HostProcess kubectlOnServer(String process, String... arguments)
      throws InterruptedException {
    return cluster.serverHost().start(process, kubectlCommand(arguments).toArray(String[]::new));
  }

  private List<String> kubectlCommand(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of("kubectl", "--kubeconfig", cluster.kubectl().kubeconfig().toString()));
    command.addAll(List.of(arguments));
    return command;
  }
}
