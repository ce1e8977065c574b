package org.k3sjvm.cli;

import java.io.PrintStream;
import java.util.List;
import org.k3sjvm.agent.Agent;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.cli.logging.LogfmtProvider;

/** {@code k3s agent}. */
final class AgentCommand {
  private AgentCommand() {}

  static int run(List<String> arguments, PrintStream out) {
    if (AgentConfig.asksForHelp(arguments)) {
      out.print(AgentConfig.help());
      return Main.OK;
    }
    AgentConfig config = AgentConfig.parse(arguments, System.getenv());
    LogfmtProvider.begin(config.log());
    Ciphers.choose();
    return Foreground.run("agent", new Agent(config, LogfmtProvider::recentTroubles)::run);
  }
}
