package org.k3sjvm.flannel.rules;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.testing.FakeCommands;
import org.k3sjvm.linux.testing.FakePacketFilter;

class UpstreamLeftoversTest {
  @Test
  void removesFlannelsChainsAndTheJumpsToThemAndNothingElse() throws Exception {
    String saved =
        """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :DOCKER-USER - [0:0]
        :FLANNEL-FWD - [0:0]
        -A FORWARD -j DOCKER-USER
        -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
        -A FLANNEL-FWD -s 10.42.0.0/16 -j ACCEPT
        COMMIT
        *nat
        :POSTROUTING ACCEPT [0:0]
        :FLANNEL-POSTRTG - [0:0]
        -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
        -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -j RETURN
        COMMIT
        """;

    FakeCommands commands =
        new FakeCommands()
            .install("iptables-legacy-save", _ -> new CommandResult(0, saved, ""))
            .install("iptables-legacy-restore", _ -> new CommandResult(0, "", ""));

    assertThat(new UpstreamLeftovers(commands, new FakePacketFilter()).remove()).isTrue();
    assertThat(commands.ran())
        .filteredOn(command -> command.argv().getFirst().equals("iptables-legacy-restore"))
        .singleElement()
        .extracting(Command::input)
        .isEqualTo(
            """
            *filter
            -D FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
            -F FLANNEL-FWD
            -X FLANNEL-FWD
            COMMIT
            *nat
            -D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
            -F FLANNEL-POSTRTG
            -X FLANNEL-POSTRTG
            COMMIT
            """);
  }

  @Test
  void hasNothingToDoWithoutThem() throws Exception {
    FakeCommands commands =
        new FakeCommands()
            .install(
                "iptables-nft-save",
                _ -> new CommandResult(0, "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", ""));

    assertThat(new UpstreamLeftovers(commands, new FakePacketFilter()).remove()).isFalse();
  }
}
