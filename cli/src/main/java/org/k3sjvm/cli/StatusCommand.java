package org.k3sjvm.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.k3sjvm.agent.LocalSocket;
import org.k3sjvm.agent.status.StatusText;
import org.k3sjvm.kube.KubeJson;

/** {@code k3s status}: what the agent of this machine does now. */
final class StatusCommand {
  static final int NO_ANSWER = 2;

  private static final String HELP =
      """
      NAME:
         k3s status - Show what the agent of this machine does now

      USAGE:
         k3s [--data-dir value] status [-o text|json]

      Run it as root where 'k3s agent' runs. Exit code 0: the agent is ready, 1: it runs and is not
      ready yet, 2: no agent answers.
      """;

  private StatusCommand() {}

  static int run(
      List<String> arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
    AgentQuestion question = AgentQuestion.parse("status", arguments, environment);
    if (question.help()) {
      out.print(HELP);
      return Main.OK;
    }
    try {
      String answer = LocalSocket.ask(question.dataDir(), LocalSocket.STATUS);
      JsonNode report = KubeJson.read(answer, JsonNode.class);
      out.print(question.json() ? answer : StatusText.of(report));
      return report.path("ready").asBoolean() ? Main.OK : Main.FAILED;
    } catch (IOException | IllegalArgumentException e) {
      err.println(
          "no agent answers at "
              + LocalSocket.of(question.dataDir())
              + " ("
              + e.getMessage()
              + "); start it with systemctl start k3s-agent, and look why it ended with journalctl"
              + " -u k3s-agent -e; run this as root, with the agent's --data-dir before the"
              + " command");
      return NO_ANSWER;
    }
  }
}
