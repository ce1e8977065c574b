package org.k3sjvm.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.k3sjvm.agent.ClusterNodes;
import org.k3sjvm.flannel.check.CannotCheckException;
import org.k3sjvm.flannel.check.NetworkCheck;
import org.k3sjvm.flannel.check.NetworkReport;
import org.k3sjvm.linux.LinuxException;

/** {@code k3s check-network}: whether pods here reach pods there, and what to do if not. */
final class CheckNetworkCommand {
  static final int CANNOT_CHECK = 2;

  private static final String HELP =
      """
      NAME:
         k3s check-network - Check the ways to the pods of other nodes, and say how to repair them

      USAGE:
         k3s [--data-dir value] check-network [-o text|json]

      Run it as root where 'k3s agent' runs. It changes nothing and sends pings, and one connection
      to each node's port 10250 that is closed at once. Exit code 0: all is well, 1: there is
      something to repair, 2: it cannot be checked.
      """;

  private CheckNetworkCommand() {}

  static int run(
      List<String> arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
    AgentQuestion question = AgentQuestion.parse("check-network", arguments, environment);
    if (question.help()) {
      out.print(HELP);
      return Main.OK;
    }
    try {
      ClusterNodes nodes = ClusterNodes.read(question.dataDir());
      nodes.trouble().ifPresent(reason -> err.println("The API does not answer: " + reason));
      NetworkReport report = NetworkCheck.run(nodes.nodes(), nodes.ownName());
      out.print(question.json() ? report.json() : report.text());
      return report.findings().isEmpty() ? Main.OK : Main.FAILED;
    } catch (CannotCheckException e) {
      err.println("cannot check the network: " + e.getMessage());
      return CANNOT_CHECK;
    } catch (LinuxException e) {
      err.println("cannot check the network: " + e.getMessage() + "; run this as root");
      return CANNOT_CHECK;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return CANNOT_CHECK;
    }
  }
}
