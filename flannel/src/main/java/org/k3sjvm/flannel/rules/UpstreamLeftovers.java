package org.k3sjvm.flannel.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.PacketFilter;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.process.Commands;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes away the rules that upstream's agent left on a node that is ours now: its chains of
 * iptables, of either variant, and the tables of a standalone flannel. Nothing waits for it.
 */
public final class UpstreamLeftovers {
  private static final Logger log = LoggerFactory.getLogger(UpstreamLeftovers.class);

  private static final String PREFIX = "FLANNEL-";
  private static final List<String> VARIANTS =
      List.of("iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy");

  private final Commands commands;
  private final PacketFilter filter;

  public UpstreamLeftovers(Commands commands, PacketFilter filter) {
    this.commands = commands;
    this.filter = filter;
  }

  /** Says whether chains were removed: one that we need ourselves may be among them. */
  public boolean remove() throws InterruptedException {
    boolean removed = false;
    try {
      filter.apply(
          """
          add table ip flannel-ipv4
          delete table ip flannel-ipv4
          add table ip6 flannel-ipv6
          delete table ip6 flannel-ipv6
          """);
      for (String variant : VARIANTS) {
        removed |= removeChains(variant);
      }
    } catch (LinuxException e) {
      log.atWarn()
          .addKeyValue("reason", e.getMessage())
          .log("rules that upstream's flannel left may still be there");
    }
    return removed;
  }

  private boolean removeChains(String variant) throws InterruptedException {
    CommandResult saved;
    try {
      saved = commands.run(Command.of(variant + "-save"));
    } catch (LinuxException.NotFound e) {
      return false;
    }
    String script = saved.succeeded() ? removal(saved.output()) : "";
    if (script.isEmpty()) {
      return false;
    }
    CommandResult result =
        commands.run(Command.of(variant + "-restore", "--noflush").withInput(script));
    if (!result.succeeded()) {
      throw new LinuxException.Failed(
          "cannot remove flannel's chains: " + variant + ": " + result.error().strip(), 0);
    }
    log.atInfo().addKeyValue("by", variant).log("chains of upstream's flannel removed");
    return true;
  }

  /**
   * From the output of iptables-save to the input of iptables-restore that takes flannel's chains,
   * and the jumps to them, away; empty when there are none.
   */
  static String removal(String saved) {
    Map<String, List<String>> jumps = new TreeMap<>();
    Map<String, TreeSet<String>> chains = new TreeMap<>();
    String table = "";
    for (String line : saved.lines().toList()) {
      if (line.startsWith("*")) {
        table = line.substring(1);
      } else if (line.startsWith(":" + PREFIX)) {
        chains
            .computeIfAbsent(table, _ -> new TreeSet<>())
            .add(line.substring(1).replaceFirst(" .*", ""));
      } else if (line.startsWith("-A ")
          && !line.startsWith("-A " + PREFIX)
          && line.contains("-j " + PREFIX)) {
        jumps.computeIfAbsent(table, _ -> new ArrayList<>()).add("-D" + line.substring(2));
      }
    }
    StringBuilder script = new StringBuilder();
    chains.forEach(
        (name, names) -> {
          script.append('*').append(name).append('\n');
          jumps.getOrDefault(name, List.of()).forEach(jump -> script.append(jump).append('\n'));
          names.forEach(chain -> script.append("-F ").append(chain).append('\n'));
          names.forEach(chain -> script.append("-X ").append(chain).append('\n'));
          script.append("COMMIT\n");
        });
    return script.toString();
  }
}
