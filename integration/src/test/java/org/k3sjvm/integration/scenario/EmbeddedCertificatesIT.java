package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.Result;

/** Certificates that end after seconds are renewed while streams and watches go on. */
@Timeout(120)
class EmbeddedCertificatesIT {
  private static final String RENEWED = "the node's certificates are renewed";
  private static final String COUNT = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.2; done";

  @Test
  void streamsAndWatchesGoOnWhileCertificatesAreRenewed() throws InterruptedException {
    try (Cluster cluster = Cluster.start(ServerKind.EMBEDDED_WITH_BRIEF_CERTIFICATES, "certs")) {
      Node node = cluster.host("n1");
      HostProcess agent = node.startUp("--debug");
      node.awaitReady(cluster);
      cluster.run(Yaml.pod("counter", COUNT), "counter");
      HostProcess logs = kubectl(cluster, "logs-f", "logs", "-f", "counter");
      HostProcess exec = kubectl(cluster, "exec", "exec", "counter", "--", "sh", "-c", COUNT);
      logs.awaitLog("line 2\\b", Cluster.PATIENCE);
      exec.awaitLog("line 2\\b", Cluster.PATIENCE);
      int before = agent.said().length();

      Await.until(
          "two more renewals, and every request succeeds",
          Cluster.PATIENCE,
          () -> {
            Result once = cluster.kubectl().run("exec", "counter", "--", "true");
            assertThat(once.exitCode()).as(once::error).isZero();
            return count(agent.said().substring(before), RENEWED) >= 2;
          });

      for (HostProcess stream : List.of(logs, exec)) {
        assertThat(stream.isAlive()).as(stream::said).isTrue();
        int reached = count(stream.said(), "line ");
        stream.awaitLog("line " + (reached + 3) + "\\b", Cluster.PATIENCE);
      }
      assertThat(agent.said()).doesNotContain("encrypting with the JDK's code");
      assertThat(agent.said().substring(before))
          .doesNotContain("tunnel is down", "Unauthorized", "cannot follow the API server");
      assertThat(agent.said().substring(before).lines())
          .noneMatch(line -> line.contains("level=warn") || line.contains("level=error"));
    }
  }

  private static HostProcess kubectl(Cluster cluster, String name, String... arguments)
      throws InterruptedException {
    String[] command = new String[arguments.length + 3];
    command[0] = "kubectl";
    command[1] = "--kubeconfig";
    command[2] = cluster.kubectl().kubeconfig().toString();
    System.arraycopy(arguments, 0, command, 3, arguments.length);
    return cluster.serverHost().start(name, command);
  }

  private static int count(String text, String part) {
    return (int) Pattern.compile(Pattern.quote(part)).matcher(text).results().count();
  }
}
