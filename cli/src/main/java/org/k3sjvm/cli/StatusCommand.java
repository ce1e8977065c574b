package org.k3sjvm.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.k3sjvm.agent.LocalSocket;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.UsageException;
import org.k3sjvm.agent.status.StatusText;
import org.k3sjvm.kube.KubeJson;

/** {@code k3s status}: what the agent of this machine does now. */
final class StatusCommand {
  static final int NO_ANSWER = 2;

  private static final String DATA_DIR = "--data-dir=";
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
    String fromEnvironment = environment.getOrDefault("K3S_DATA_DIR", "");
    Path dataDir =
        fromEnvironment.isEmpty() ? AgentConfig.DEFAULT_DATA_DIR : Path.of(fromEnvironment);
    String output = "text";
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.matches("--?(help|h)")) {
        out.print(HELP);
        return Main.OK;
      } else if (argument.startsWith(DATA_DIR)) {
        dataDir = Path.of(argument.substring(DATA_DIR.length()));
      } else if (argument.matches("(-o|--output)=.*")) {
        output = argument.substring(argument.indexOf('=') + 1);
      } else if (argument.matches("-o|--output") && i + 1 < arguments.size()) {
        output = arguments.get(++i);
      } else if (!argument.startsWith("--debug")) {
        throw new UsageException("status takes no " + argument + "; see 'k3s status --help'");
      }
    }
    if (!output.equals("text") && !output.equals("json")) {
      throw new UsageException("-o must be text or json, not " + output);
    }
    try {
      String answer = LocalSocket.ask(dataDir, LocalSocket.STATUS);
      JsonNode report = KubeJson.read(answer, JsonNode.class);
      out.print(output.equals("json") ? answer : StatusText.of(report));
      return report.path("ready").asBoolean() ? Main.OK : Main.FAILED;
    } catch (IOException | IllegalArgumentException e) {
      err.println(
          "no agent answers at "
              + LocalSocket.of(dataDir)
              + " ("
              + e.getMessage()
              + "); start it with systemctl start k3s-agent, and look why it ended with journalctl"
              + " -u k3s-agent -e; run this as root, with the agent's --data-dir before the"
              + " command");
      return NO_ANSWER;
    }
  }
}
