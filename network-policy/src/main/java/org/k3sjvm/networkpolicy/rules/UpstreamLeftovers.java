package org.k3sjvm.networkpolicy.rules;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.IptablesChains;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.process.Commands;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes away what upstream's agent left on a node that is ours now: kube-router's chains of
 * iptables, of either variant, and its sets. Called once our own rules are in force.
 *
 * <p>Source: kube-router v2.6 pkg/controllers/netpol, the names of chains and sets.
 */
public final class UpstreamLeftovers {
  private static final Logger log = LoggerFactory.getLogger(UpstreamLeftovers.class);

  private static final Pattern CHAIN =
      Pattern.compile("KUBE-(ROUTER-(INPUT|FORWARD|OUTPUT)|POD-FW-[A-Z0-9]+|NWPLCY-[A-Z0-9]+)");
  private static final Pattern SET = Pattern.compile("(inet6:)?KUBE-(SRC|DST)-[A-Z0-9]+");

  private final Commands commands;

  public UpstreamLeftovers(Commands commands) {
    this.commands = commands;
  }

  /** Removes them; what cannot be removed is logged. */
  public void remove() throws InterruptedException {
    try {
      if (new IptablesChains(commands).remove(UpstreamLeftovers::isChain)) {
        removeSets();
      }
    } catch (LinuxException e) {
      log.atWarn()
          .addKeyValue("reason", e.getMessage())
          .log(
              "policy rules that upstream's agent left may still hold besides ours: start the agent"
                  + " again, or remove chains KUBE-ROUTER-*, KUBE-POD-FW-* and KUBE-NWPLCY-*");
    }
  }

  /** After the chains that look into them. */
  private void removeSets() throws InterruptedException {
    String script = destruction(ipset(Command.of("ipset", "list", "-n")));
    if (!script.isEmpty()) {
      ipset(Command.of("ipset", "restore", "-exist").withInput(script));
    }
  }

  private String ipset(Command command) throws InterruptedException {
    CommandResult result;
    try {
      result = commands.run(command);
    } catch (LinuxException.NotFound e) {
      return ""; // who has no ipset has no sets
    }
    if (!result.succeeded()) {
      throw new LinuxException.Failed(
          "cannot remove kube-router's sets: ipset: " + result.error().strip(), 0);
    }
    return result.output();
  }

  private static String destruction(String names) {
    return names
        .lines()
        .filter(name -> SET.matcher(name).matches())
        .map(name -> "destroy " + name + "\n")
        .collect(Collectors.joining());
  }

  private static boolean isChain(String name) {
    return CHAIN.matcher(name).matches();
  }
}
