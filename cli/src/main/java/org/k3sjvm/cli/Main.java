package org.k3sjvm.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.agent.Version;
import org.k3sjvm.agent.config.UsageException;

/** {@code k3s}: picks the subcommand. */
public final class Main {
  static final int OK = 0;
  static final int FAILED = 1;

  private static final String HELP =
      """
      NAME:
         k3s - Kubernetes, small and simple, on the JVM

      USAGE:
         k3s [global options] command [command options]

      COMMANDS:
         agent    Run the node agent: join this machine to a K3s server
         server   Run a small server, and an agent on this machine
         certificate  Check or rotate the certificates on disk
         check-config  Say what of this host keeps an agent from working
         check-network  Check the ways to other nodes' pods, and say how to repair them
         doctor   Say what keeps an agent from working here, and how to repair it
         pod-starts  Show where the time went while the newest pods started
         token    Make, list and delete tokens that join nodes for a while
         completion  Print what bash or zsh needs to complete commands and flags
         status   Show what the agent of this machine does now

      GLOBAL OPTIONS:
         --debug                     Turn on debug logs [$K3S_DEBUG]
         --data-dir value, -d value  Folder for state (default: /var/lib/rancher/k3s) [$K3S_DATA_DIR]
         --help, -h                  Show help
         --version, -v               Print the version
      """;

  private Main() {}

  public static void main(String[] arguments) {
    System.exit(run(List.of(arguments), System.out, System.err));
  }

  /** Runs the program to its end and gives its exit code. */
  static int run(List<String> arguments, PrintStream out, PrintStream err) {
    List<String> globals = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      switch (argument) {
        case "--version", "-v", "-version" -> {
          Version version = Version.current();
          out.println("k3s version " + version);
          out.println("java version " + Runtime.version());
          return OK;
        }
        case "--help", "-h", "-help", "help" -> {
          out.print(HELP);
          return OK;
        }
        case "--warm-up" -> {
          WarmUp.run();
          return OK;
        }
        case "--debug", "-debug" -> globals.add("--debug=true");
        case "--data-dir", "-data-dir", "-d" -> {
          if (++i == arguments.size()) {
            return usage(err, "flag needs an argument: --data-dir");
          }
          globals.add("--data-dir=" + arguments.get(i));
        }
        default -> {
          if (argument.startsWith("-")) {
            if (argument.matches("--?(data-dir|debug)=.*")) {
              globals.add(argument);
              continue;
            }
            return usage(
                err, "flag provided but not defined: -" + argument.replaceFirst("^--?", ""));
          }
          globals.addAll(arguments.subList(i + 1, arguments.size()));
          return subcommand(argument, globals, out, err);
        }
      }
    }
    out.print(HELP);
    return OK;
  }

  /** The names of all subcommands, from the help text. */
  private static List<String> commands() {
    return HELP.lines()
        .dropWhile(line -> !line.equals("COMMANDS:"))
        .skip(1)
        .takeWhile(line -> !line.isEmpty())
        .map(line -> line.strip().split(" ", 2)[0])
        .toList();
  }

  private static int subcommand(
      String name, List<String> arguments, PrintStream out, PrintStream err) {
    try {
      return switch (name) {
        case "agent" -> AgentCommand.run(arguments, out);
        case "certificate" -> CertificateCommand.run(arguments, out, err);
        case "check-config" -> DoctorCommand.checkConfig(arguments, System.getenv(), out, err);
        case "check-network" -> CheckNetworkCommand.run(arguments, System.getenv(), out, err);
        case "completion" ->
            CompletionCommand.run(
                arguments, commands(), Path.of(System.getProperty("user.home")), out, err);
        case "doctor" -> DoctorCommand.run(arguments, System.getenv(), out, err);
        case "pod-starts" -> PodStartsCommand.run(arguments, System.getenv(), out, err);
        case "server" -> ServerCommand.run(arguments, out);
        case "token" -> TokenCommand.run(arguments, System.getenv(), out, err);
        case "status" -> StatusCommand.run(arguments, System.getenv(), out, err);
        default -> usage(err, "no command is named " + name + "; 'k3s --help' lists them");
      };
    } catch (UsageException e) {
      return usage(err, String.valueOf(e.getMessage()));
    }
  }

  private static int usage(PrintStream err, String message) {
    err.println("Incorrect Usage: " + message);
    return FAILED;
  }
}
