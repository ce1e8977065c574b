package org.k3sjvm.flannel.rules;

import java.util.List;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.process.Commands;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where something else (Docker) drops forwarded packets through iptables, an accept in our table
 * does not help: the accept must stand before that drop. Only then our two rules go into a chain of
 * iptables, named as flannel names it.
 */
public final class ForwardPolicy {
  private static final Logger log = LoggerFactory.getLogger(ForwardPolicy.class);
  private static final String CHAIN = "FLANNEL-FWD";

  private final Commands commands;
  private boolean told;

  public ForwardPolicy(Commands commands) {
    this.commands = commands;
  }

  /** Lets pods' packets through where iptables drops by default; does nothing elsewhere. */
  public void ensure(Cidr network) throws InterruptedException {
    String iptables = network.isIpv6() ? "ip6tables" : "iptables";
    CommandResult listed;
    try {
      listed = commands.run(Command.of(iptables, "-w", "5", "-S", "FORWARD"));
    } catch (LinuxException.NotFound e) {
      return; // without iptables nobody drops through it
    }
    if (!listed.succeeded() || !listed.output().startsWith("-P FORWARD DROP")) {
      return;
    }
    run(false, iptables, "-N", CHAIN);
    for (String direction : List.of("-s", "-d")) {
      addOnce(iptables, CHAIN, direction, network.toString(), "-j", "ACCEPT");
    }
    addOnce(iptables, "FORWARD", "-j", CHAIN);
    if (!told) {
      told = true;
      log.atInfo()
          .addKeyValue("chain", CHAIN)
          .log("iptables drops forwarded packets by default, letting those of pods through");
    }
  }

  private void addOnce(String iptables, String chain, String... rule) throws InterruptedException {
    if (!run(false, concat(iptables, "-C", chain, rule))) {
      run(true, concat(iptables, "-A", chain, rule));
    }
  }

  private boolean run(boolean mustSucceed, String... argv) throws InterruptedException {
    CommandResult result = commands.run(Command.of(argv));
    if (mustSucceed && !result.succeeded()) {
      throw new LinuxException.Failed(
          "cannot let pods' packets through: "
              + String.join(" ", argv)
              + ": "
              + result.error().strip(),
          0);
    }
    return result.succeeded();
  }

  private static String[] concat(String program, String verb, String chain, String... rule) {
    String[] argv = new String[rule.length + 5];
    argv[0] = program;
    argv[1] = "-w";
    argv[2] = "5";
    argv[3] = verb;
    argv[4] = chain;
    System.arraycopy(rule, 0, argv, 5, rule.length);
    return argv;
  }
}
