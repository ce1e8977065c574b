package org.k3sjvm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.UsageException;

/**
 * The command line of a command that asks about the agent of this machine.
 *
 * @param help whether only help is asked for
 * @param dataDir of {@code --data-dir} or {@code K3S_DATA_DIR}
 * @param json whether the answer is for programs
 */
record AgentQuestion(boolean help, Path dataDir, boolean json) {
  private static final String DATA_DIR = "--data-dir=";

  /**
   * Reads arguments.
   *
   * @param command for messages
   * @throws UsageException for one that is none
   */
  static AgentQuestion parse(
      String command, List<String> arguments, Map<String, String> environment) {
    String known = environment.getOrDefault("K3S_DATA_DIR", "");
    Path dataDir = known.isEmpty() ? AgentConfig.DEFAULT_DATA_DIR : Path.of(known);
    boolean help = false;
    String output = "text";
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.matches("--?(help|h)")) {
        help = true;
      } else if (argument.startsWith(DATA_DIR)) {
        dataDir = Path.of(argument.substring(DATA_DIR.length()));
      } else if (argument.equals("--data-dir") && i + 1 < arguments.size()) {
        dataDir = Path.of(arguments.get(++i));
      } else if (argument.matches("(-o|--output)=.*")) {
        output = argument.substring(argument.indexOf('=') + 1);
      } else if (argument.matches("-o|--output") && i + 1 < arguments.size()) {
        output = arguments.get(++i);
      } else if (!argument.startsWith("--debug")) {
        throw new UsageException(
            command + " takes no " + argument + "; see 'k3s " + command + " --help'");
      }
    }
    if (!output.equals("text") && !output.equals("json")) {
      throw new UsageException("-o must be text or json, not " + output);
    }
    return new AgentQuestion(help, dataDir, output.equals("json"));
  }
}
