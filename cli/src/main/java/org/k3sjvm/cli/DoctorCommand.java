package org.k3sjvm.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.AgentFlags;
import org.k3sjvm.agent.config.ConfigFile;
import org.k3sjvm.agent.config.Flag;
import org.k3sjvm.agent.config.FlagValues;
import org.k3sjvm.agent.config.UsageException;
import org.k3sjvm.agent.doctor.Doctor;
import org.k3sjvm.agent.doctor.DoctorReport;
import org.k3sjvm.cli.logging.LogfmtProvider;
import org.k3sjvm.linux.LinuxException;

/** {@code k3s doctor}: what keeps an agent from working here, and the commands that repair it. */
final class DoctorCommand {
  static final int CANNOT_CHECK = 2;

  private static final Flag OUTPUT =
      Flag.of(Flag.Type.STRING, "output", "text or json (default: text)").alias("o");
  private static final String HELP =
      """
      NAME:
         k3s doctor - Say what keeps an agent from working on this host, and how to repair it

      USAGE:
         k3s doctor [-o text|json] [the flags of 'k3s agent']

      It takes the flags, the environment and the configuration file of 'k3s agent'. It looks at this
      host, and with --server it takes the steps of a join without joining: the host is not changed,
      and the server does not get to know the node. Exit code 0: nothing hinders an agent, 1:
      something does, 2: it cannot be checked, or the flags are wrong.
      """;

  private DoctorCommand() {}

  /** {@code k3s check-config}: this host alone, whatever server is configured. */
  static int checkConfig(
      List<String> arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
    return run(false, arguments, environment, out, err);
  }

  static int run(
      List<String> arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
    return run(true, arguments, environment, out, err);
  }

  private static int run(
      boolean asksServer,
      List<String> arguments,
      Map<String, String> environment,
      PrintStream out,
      PrintStream err) {
    if (AgentConfig.asksForHelp(arguments)) {
      out.print(HELP);
      return Main.OK;
    }
    LogfmtProvider.silence();
    try {
      List<Flag> all = new ArrayList<>(AgentFlags.ALL);
      all.add(OUTPUT);
      List<String> expanded = ConfigFile.expand(arguments, environment);
      FlagValues flags = FlagValues.parse(all, expanded, environment);
      String output = flags.text(OUTPUT).orElse("text");
      if (!output.equals("text") && !output.equals("json")) {
        throw new UsageException("-o must be text or json, not " + output);
      }
      boolean joins = asksServer && flags.text(AgentFlags.SERVER).isPresent();
      DoctorReport report = new Doctor(AgentConfig.forDoctor(flags)).examine(joins);
      out.print(output.equals("json") ? report.json() : report.text());
      return report.hinders() ? Main.FAILED : Main.OK;
    } catch (UsageException e) {
      err.println("Incorrect Usage: " + e.getMessage());
      return CANNOT_CHECK;
    } catch (LinuxException e) {
      err.println("cannot look at this host: " + e.getMessage() + "; run this as root");
      return CANNOT_CHECK;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return CANNOT_CHECK;
    }
  }
}
