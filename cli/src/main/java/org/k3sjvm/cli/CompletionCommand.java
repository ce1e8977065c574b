package org.k3sjvm.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.k3sjvm.agent.config.AgentFlags;
import org.k3sjvm.agent.config.Flag;

/**
 * {@code k3s completion bash|zsh [-i]}: what a shell needs to complete commands and flags. The
 * words stand in the script, so that a shell need not start a program for each. Source: k3s v1.36.3
 * {@code k3s completion --help}.
 */
final class CompletionCommand {
  private static final List<String> TOOLS = List.of("kubectl", "crictl", "ctr");

  private static final String BASH =
      """
      _k3s() {
        local words
        case "${COMP_WORDS[1]}" in
          agent) words="%s" ;;
          server) words="%s" ;;
        esac
        if [ "$COMP_CWORD" -le 1 ]; then words="%s"; fi
        COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
      }
      complete -o bashdefault -o default -F _k3s k3s
      """;

  private static final String ZSH =
      """
      #compdef k3s
      _k3s() {
        local -a wanted
        case "${words[2]}" in
          agent) wanted=(%s) ;;
          server) wanted=(%s) ;;
        esac
        if (( CURRENT <= 2 )); then wanted=(%s); fi
        compadd -a wanted || _files
      }
      compdef _k3s k3s
      """;

  private CompletionCommand() {}

  /**
   * Prints a script, or makes a shell read it at its start.
   *
   * @param commands of the program
   * @param home of the user
   */
  static int run(
      List<String> arguments, List<String> commands, Path home, PrintStream out, PrintStream err) {
    String shell = arguments.isEmpty() ? "" : arguments.getFirst();
    List<String> further = arguments.isEmpty() ? List.of() : arguments.subList(1, arguments.size());
    boolean install = List.of("-i", "--i").containsAll(further) && !further.isEmpty();
    if (!List.of("bash", "zsh").contains(shell) || (!further.isEmpty() && !install)) {
      err.println(
          "Incorrect Usage: k3s completion bash|zsh [-i]; -i adds it to ~/.bashrc or ~/.zshrc");
      return Main.FAILED;
    }
    if (install) {
      return install(shell, home.resolve("." + shell + "rc"), out, err);
    }
    String script = shell.equals("bash") ? BASH : ZSH;
    String all = Stream.concat(commands.stream(), TOOLS.stream()).collect(Collectors.joining(" "));
    out.print(script.formatted(words(AgentFlags.ALL), words(ServerFlags.ALL), all));
    return Main.OK;
  }

  private static String words(List<Flag> flags) {
    return flags.stream().map(flag -> "--" + flag.name()).collect(Collectors.joining(" "));
  }

  private static int install(String shell, Path file, PrintStream out, PrintStream err) {
    String stanza =
        """
        # >> k3s command completion (start)
        . <(k3s completion %s)
        # >> k3s command completion (end)
        """
            .formatted(shell);
    try {
      if (Files.exists(file) && Files.readString(file).contains(stanza)) {
        out.println(file + " has it already");
        return Main.OK;
      }
      Files.write(
          file,
          stanza.getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      out.println("Autocomplete for " + shell + " added to: " + file);
      return Main.OK;
    } catch (IOException e) {
      err.println(
          "k3s completion: cannot write "
              + file
              + ": "
              + e.getMessage()
              + "; add this line yourself: . <(k3s completion "
              + shell
              + ")");
      return Main.FAILED;
    }
  }
}
