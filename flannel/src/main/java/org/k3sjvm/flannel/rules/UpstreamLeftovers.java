package org.k3sjvm.flannel.rules;

import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.IptablesChains;
import org.k3sjvm.linux.filter.PacketFilter;
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
      removed = new IptablesChains(commands).remove(chain -> chain.startsWith(PREFIX));
    } catch (LinuxException e) {
      log.atWarn()
          .addKeyValue("reason", e.getMessage())
          .log("rules that upstream's flannel left may still be there");
    }
    return removed;
  }
}
