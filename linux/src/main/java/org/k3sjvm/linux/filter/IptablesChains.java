package org.k3sjvm.linux.filter;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.process.Commands;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chains of iptables that upstream's agent left, of either variant and both families: the rule sets
 * of all four stand beside one another. Where the programs are missing there is nothing to do.
 */
public final class IptablesChains {
  private static final Logger log = LoggerFactory.getLogger(IptablesChains.class);

  private static final List<String> VARIANTS =
      List.of("iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy");

  private static final String LOCK_SECONDS = "5"; // others change rules, too

  private final Commands commands;

  public IptablesChains(Commands commands) {
    this.commands = commands;
  }

  /**
   * Removes chains, and the rules of other chains that lead to them, and nothing else.
   *
   * @param ours says by its name whether to remove a chain
   * @return whether there were any
   * @throws LinuxException when a variant refused; it has kept its chains then
   */
  public boolean remove(Predicate<String> ours) throws InterruptedException {
    boolean removed = false;
    for (String variant : VARIANTS) {
      removed |= remove(variant, ours);
    }
    return removed;
  }

  private boolean remove(String variant, Predicate<String> ours) throws InterruptedException {
    CommandResult saved;
    try {
      saved = commands.run(Command.of(variant + "-save"));
    } catch (LinuxException.NotFound e) {
      return false;
    }
    if (!saved.succeeded()) {
      log.atDebug()
          .addKeyValue("by", variant)
          .addKeyValue("reason", saved.error().strip())
          .log("rules cannot be read, leaving them as they are");
      return false;
    }
    String script = removal(saved.output(), ours);
    if (script.isEmpty()) {
      return false;
    }
    CommandResult result =
        commands.run(
            Command.of(variant + "-restore", "-w", LOCK_SECONDS, "--noflush").withInput(script));
    if (!result.succeeded()) {
      throw new LinuxException.Failed(
          "cannot remove chains: " + variant + ": " + result.error().strip(), 0);
    }
    log.atInfo()
        .addKeyValue("by", variant)
        .addKeyValue("chains", script.lines().filter(line -> line.startsWith("-X ")).count())
        .log("chains of upstream's agent removed");
    return true;
  }

  /**
   * From the output of iptables-save to the input of iptables-restore that takes chains, and the
   * rules that lead to them, away; empty when there are none.
   */
  static String removal(String saved, Predicate<String> ours) {
    Map<String, List<String>> jumps = new TreeMap<>();
    Map<String, TreeSet<String>> chains = new TreeMap<>();
    String table = "";
    for (String line : saved.lines().toList()) {
      if (line.startsWith("*")) {
        table = line.substring(1);
      } else if (line.startsWith(":")) {
        String name = line.substring(1).replaceFirst(" .*", "");
        if (ours.test(name)) {
          chains.computeIfAbsent(table, _ -> new TreeSet<>()).add(name);
        }
      } else if (line.startsWith("-A ")
          && !ours.test(word(line, "-A "))
          && (ours.test(word(line, " -j ")) || ours.test(word(line, " -g ")))) {
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

  /** The word behind a flag; the last time, as a comment may hold anything. */
  private static String word(String line, String flag) {
    int at = flag.startsWith("-") ? 0 : line.lastIndexOf(flag);
    return at < 0 ? "" : line.substring(at + flag.length()).replaceFirst(" .*", "");
  }
}
