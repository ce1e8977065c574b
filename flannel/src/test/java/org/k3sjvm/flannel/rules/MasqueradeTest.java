package org.k3sjvm.flannel.rules;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.testing.FakeCommands;

class MasqueradeTest {
  @Test
  void translatesWhatLeavesThePodNetworkAndWhatEntersItElsewhere() {
    assertThat(
            Masquerade.table(
                    Family.IPV4, Cidr.parse("10.42.0.0/16"), Cidr.parse("10.42.1.0/24"), true)
                .script())
        .isEqualTo(
            """
            add table ip k3s-flannel
            delete table ip k3s-flannel
            table ip k3s-flannel {
              chain postrouting {
                type nat hook postrouting priority 101; policy accept;
                meta mark & 0x00004000 == 0x00004000 return
                ip saddr 10.42.1.0/24 ip daddr 10.42.0.0/16 return
                ip saddr 10.42.0.0/16 ip daddr 10.42.1.0/24 return
                ip saddr != 10.42.0.0/16 ip daddr 10.42.1.0/24 return
                ip saddr 10.42.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
                ip saddr != 10.42.0.0/16 ip daddr 10.42.0.0/16 masquerade fully-random
              }
              chain forward {
                type filter hook forward priority 0; policy accept;
                ip saddr 10.42.0.0/16 accept
                ip daddr 10.42.0.0/16 accept
              }
            }
            """);
  }

  @Test
  void leavesIpv6AddressesAloneUnlessAsked() {
    assertThat(
            Masquerade.table(
                    Family.IPV6,
                    Cidr.parse("2001:cafe:42::/56"),
                    Cidr.parse("2001:cafe:42:1::/64"),
                    false)
                .script())
        .doesNotContain("masquerade")
        .contains("ip6 saddr 2001:cafe:42:0:0:0:0:0/56 accept");
  }

  @Test
  void goesBeforeADropOfIptablesOnlyWhereThereIsOne() throws InterruptedException {
    FakeCommands commands =
        new FakeCommands()
            .install(
                "iptables",
                command ->
                    command.argv().contains("-S")
                        ? new CommandResult(0, "-P FORWARD DROP\n", "")
                        : new CommandResult(command.argv().contains("-C") ? 1 : 0, "", ""));
    new ForwardPolicy(commands).ensure(Cidr.parse("10.42.0.0/16"));

    assertThat(commands.ran())
        .extracting(Command::toString)
        .contains(
            "iptables -N FLANNEL-FWD",
            "iptables -w 5 -A FLANNEL-FWD -s 10.42.0.0/16 -j ACCEPT",
            "iptables -w 5 -A FLANNEL-FWD -d 10.42.0.0/16 -j ACCEPT",
            "iptables -w 5 -A FORWARD -j FLANNEL-FWD");

    FakeCommands open =
        new FakeCommands()
            .install("iptables", _ -> new CommandResult(0, "-P FORWARD ACCEPT\n", ""));
    new ForwardPolicy(open).ensure(Cidr.parse("10.42.0.0/16"));
    assertThat(open.ran()).hasSize(1);
  }
}
