package org.k3sjvm.flannel.rules;

import java.util.List;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.filter.FilterTable;
import org.k3sjvm.linux.filter.FilterTable.Chain;
import org.k3sjvm.linux.filter.TableName;

/**
 * One table for each family. Traffic between pods keeps its addresses; from pods to elsewhere, and
 * from elsewhere to other nodes' pods, it gets this node's.
 */
public final class Masquerade {
  private static final String NAME = "k3s-flannel";

  /** After the service proxy's 99: what it marked it translates itself. */
  private static final int POSTROUTING_PRIORITY = 101;

  private Masquerade() {}

  public static TableName tableName(Family family) {
    return new TableName(family.isIpv6() ? "ip6" : "ip", NAME);
  }

  /**
   * The table.
   *
   * @param network pods of all nodes
   * @param subnet pods of this node
   * @param translate IPv6 pods keep their addresses unless the server says otherwise
   */
  public static FilterTable table(Family family, Cidr network, Cidr subnet, boolean translate) {
    String ip = family.isIpv6() ? "ip6" : "ip";
    Chain forward =
        new Chain(
            "forward",
            "type filter hook forward priority 0; policy accept;",
            List.of(ip + " saddr " + network + " accept", ip + " daddr " + network + " accept"));
    return new FilterTable(
        tableName(family),
        translate ? List.of(postrouting(ip, family, network, subnet), forward) : List.of(forward));
  }

  private static Chain postrouting(String ip, Family family, Cidr network, Cidr subnet) {
    String source = ip + " saddr ";
    String target = ip + " daddr ";
    String multicast = family.isIpv6() ? "ff00::/8" : "224.0.0.0/4";
    return new Chain(
        "postrouting",
        "type nat hook postrouting priority " + POSTROUTING_PRIORITY + "; policy accept;",
        List.of(
            "meta mark & 0x00004000 == 0x00004000 return",
            source + subnet + " " + target + network + " return",
            source + network + " " + target + subnet + " return",
            source + "!= " + network + " " + target + subnet + " return",
            source + network + " " + target + "!= " + multicast + " masquerade fully-random",
            source + "!= " + network + " " + target + network + " masquerade fully-random"));
  }
}
