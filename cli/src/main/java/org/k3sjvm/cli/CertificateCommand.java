package org.k3sjvm.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.agent.certificate.CertificateFiles;
import org.k3sjvm.agent.certificate.CertificateReport;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.LogFlags;
import org.k3sjvm.agent.config.UsageException;
import org.k3sjvm.cli.logging.LogfmtProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code k3s certificate}: looks at the certificates on disk, or has them renewed. Source: k3s
 * v1.36.3 pkg/cli/cert and pkg/cli/cmds/certs.go.
 */
final class CertificateCommand {
  private static final Logger log = LoggerFactory.getLogger(CertificateCommand.class);

  private static final String DATA_DIR = "--data-dir=";
  private static final String HELP =
      """
      NAME:
         k3s certificate - Manage K3s certificates

      USAGE:
         k3s certificate command [command options]

      COMMANDS:
         check   Check k3s component certificates on disk
         rotate  Rotate k3s component certificates on disk; an agent that runs asks for new ones at once

      OPTIONS:
         --data-dir value, -d value  Folder for state (default: /var/lib/rancher/k3s) [$K3S_DATA_DIR]
         --service value, -s value   Service whose certificates are meant, more than one if repeated
         --output value, -o value    Of check: text, table, json or yaml (default: text)
      """;

  private Path dataDir = AgentConfig.DEFAULT_DATA_DIR;
  private final List<String> services = new ArrayList<>();
  private String output = "text";
  private String action = "";
  private boolean help;

  private CertificateCommand() {}

  static int run(List<String> arguments, PrintStream out, PrintStream err) {
    CertificateCommand command = new CertificateCommand();
    command.parse(arguments);
    if (command.help || command.action.isEmpty()) {
      out.print(HELP);
      return Main.OK;
    }
    return command.action.equals("check") ? command.check(out) : command.rotate(err);
  }

  private int check(PrintStream out) {
    CertificateFiles files = files("checking");
    CertificateReport report = files.report(services, Instant.now());
    switch (output) {
      case "table" -> out.print(report.table());
      case "json" -> out.print(report.json());
      case "yaml" -> out.print(report.yaml());
      default -> report.entries().forEach(CertificateCommand::tell);
    }
    return Main.OK;
  }

  private static void tell(CertificateReport.Entry entry) {
    if (entry.isError()) {
      log.atError().log(entry.line());
    } else if (entry.isWarning()) {
      log.atWarn().log(entry.line());
    } else {
      log.atInfo().log(entry.line());
    }
  }

  private int rotate(PrintStream err) {
    CertificateFiles files = files("rotating");
    try {
      services.forEach(service -> log.atInfo().log("Rotating certificates for " + service));
      Path backup = files.rotate(services, Instant.now());
      log.atInfo().log(
          "Successfully backed up certificates to "
              + backup
              + (files.isServer()
                  ? ", please restart k3s server or agent to rotate certificates"
                  : ", an agent that runs renews them within seconds, another when it starts"));
      return Main.OK;
    } catch (IOException e) {
      err.println(
          "cannot rotate certificates: "
              + e.getMessage()
              + "; run this as root, with space on the disk");
      return Main.FAILED;
    }
  }

  private CertificateFiles files(String doing) {
    CertificateFiles files = new CertificateFiles(dataDir);
    if (services.isEmpty()) {
      log.atInfo().log(
          files.isServer()
              ? "Server detected, " + doing + " agent and server certificates"
              : "Agent detected, " + doing + " agent certificates");
      services.addAll(files.services());
    }
    return files;
  }

  private void parse(List<String> arguments) {
    String fromEnvironment = System.getenv("K3S_DATA_DIR");
    if (fromEnvironment != null && !fromEnvironment.isEmpty()) {
      dataDir = Path.of(fromEnvironment);
    }
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i).replaceFirst("^-(?=[a-z]{2})", "--");
      if (argument.matches("--?h(elp)?")) {
        help = true;
      } else if (argument.startsWith("--debug")) {
        LogfmtProvider.begin(new LogFlags(!argument.endsWith("=false"), Optional.empty(), false));
      } else if (argument.startsWith(DATA_DIR)) {
        dataDir = Path.of(argument.substring(DATA_DIR.length()));
      } else if (argument.startsWith("-")) {
        String[] parts = argument.split("=", 2);
        if (parts.length == 1 && i + 1 == arguments.size()) {
          throw new UsageException("flag needs an argument: " + argument);
        }
        option(parts[0], parts.length == 2 ? parts[1] : arguments.get(++i));
      } else if (action.isEmpty() && argument.matches("check|rotate")) {
        action = argument;
      } else {
        throw new UsageException(
            "certificate takes no " + argument + " here; see 'k3s certificate --help'");
      }
    }
  }

  private void option(String name, String value) {
    switch (name) {
      case "--data-dir", "-d" -> dataDir = Path.of(value);
      case "--output", "-o" -> {
        if (!value.matches("text|table|json|yaml")) {
          throw new UsageException("invalid output format " + value);
        }
        output = value;
      }
      case "--service", "-s" -> {
        for (String service : value.split(",", -1)) {
          if (!CertificateFiles.isService(service)) {
            throw new UsageException("service " + service + " is not recognized");
          }
          services.add(service);
        }
      }
      default -> throw new UsageException("flag provided but not defined: " + name);
    }
  }
}
