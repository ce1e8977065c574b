package org.k3sjvm.networkpolicy.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.k3sjvm.linux.LinuxException;
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

  private static final List<String> VARIANTS =
      List.of("iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy");
  private static final Pattern CHAIN =
      Pattern.compile("KUBE-(ROUTER-(INPUT|FORWARD|OUTPUT)|POD-FW-[A-Z0-9]+|NWPLCY-[A-Z0-9]+)");
  private static final Pattern DECLARED = Pattern.compile(":(\\S+) .*");
  private static final Pattern JUMP = Pattern.compile("-A (\\S+) .*-[jg] (\\S+)(?: .*)?");
  private static final Pattern SET = Pattern.compile("(inet6:)?KUBE-(SRC|DST)-[A-Z0-9]+");

  private final Commands commands;

  public UpstreamLeftovers(Commands commands) {
    this.commands = commands;
  }

  /** Removes them; what cannot be removed is logged. */
  public void remove() throws InterruptedException {
    boolean chains = false;
    try {
      for (String variant : VARIANTS) {
        chains |= removeChains(variant);
      }
      if (chains) {
        removeSets();
      }
    } catch (LinuxException e) {
      log.atWarn()
          .addKeyValue("reason", e.getMessage())
          .log("network policy rules that upstream's agent left may still be there");
    }
  }

  private boolean removeChains(String variant) throws InterruptedException {
    Optional<CommandResult> saved = run(Command.of(variant + "-save", "-t", "filter"));
    String script = saved.filter(CommandResult::succeeded).map(r -> removal(r.output())).orElse("");
    if (script.isEmpty()) {
      return false;
    }
    CommandResult result =
        commands.run(Command.of(variant + "-restore", "--noflush").withInput(script));
    if (!result.succeeded()) {
      throw new LinuxException.Failed(
          "cannot remove kube-router's chains: " + variant + ": " + result.error().strip(), 0);
    }
    log.atInfo().addKeyValue("by", variant).log("policy chains of upstream's agent removed");
    return true;
  }

  private void removeSets() throws InterruptedException {
    Optional<CommandResult> listed = run(Command.of("ipset", "list", "-n"));
    if (listed.isEmpty() || !listed.get().succeeded()) {
      return;
    }
    StringBuilder script = new StringBuilder();
    listed
        .get()
        .output()
        .lines()
        .filter(name -> SET.matcher(name).matches())
        .forEach(name -> script.append("destroy ").append(name).append('\n'));
    if (!script.isEmpty()) {
      commands.run(Command.of("ipset", "restore", "-exist").withInput(script.toString()));
    }
  }

  private Optional<CommandResult> run(Command command) throws InterruptedException {
    try {
      return Optional.of(commands.run(command));
    } catch (LinuxException.NotFound e) {
      return Optional.empty();
    }
  }

  /** From what iptables-save prints to what iptables-restore takes; empty for nothing to do. */
  static String removal(String saved) {
    TreeSet<String> chains = new TreeSet<>();
    List<String> jumps = new ArrayList<>();
    for (String line : saved.lines().toList()) {
      Matcher declared = DECLARED.matcher(line);
      if (declared.matches() && ours(declared.group(1))) {
        chains.add(declared.group(1));
      }
      Matcher jump = JUMP.matcher(line);
      if (jump.matches() && ours(jump.group(2)) && !ours(jump.group(1))) {
        jumps.add("-D" + line.substring(2));
      }
    }
    if (chains.isEmpty()) {
      return "";
    }
    StringBuilder script = new StringBuilder("*filter\n");
    jumps.forEach(jump -> script.append(jump).append('\n'));
    chains.forEach(chain -> script.append("-F ").append(chain).append('\n'));
    chains.forEach(chain -> script.append("-X ").append(chain).append('\n'));
    return script.append("COMMIT\n").toString();
  }

  private static boolean ours(String chain) {
    return CHAIN.matcher(chain).matches();
  }
}
