package org.k3sjvm.networkpolicy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.testing.FakeCommands;

class UpstreamLeftoversTest {
  @Test
  void takesKubeRoutersChainsAndSetsAndTheJumpsToThemAndNothingElse() throws Exception {
    String saved =
        """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :OUTPUT ACCEPT [0:0]
        :DOCKER-USER - [0:0]
        :KUBE-FIREWALL - [0:0]
        :KUBE-FORWARD - [0:0]
        :KUBE-ROUTER-INPUT - [0:0]
        :KUBE-ROUTER-FORWARD - [0:0]
        :KUBE-ROUTER-OUTPUT - [0:0]
        :KUBE-NWPLCY-DEFAULT - [0:0]
        :KUBE-NWPLCY-QWERTY1234567890 - [0:0]
        :KUBE-POD-FW-ABCDEFGH12345678 - [0:0]
        -A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
        -A INPUT -j KUBE-FIREWALL
        -A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
        -A FORWARD -j DOCKER-USER
        -A KUBE-ROUTER-FORWARD -d 10.42.0.9/32 -j KUBE-POD-FW-ABCDEFGH12345678
        -A KUBE-POD-FW-ABCDEFGH12345678 -j KUBE-NWPLCY-DEFAULT
        -A KUBE-ROUTER-INPUT -m mark --mark 0x20000/0x20000 -j ACCEPT
        COMMIT
        """;

    FakeCommands commands =
        new FakeCommands()
            .install("iptables-nft-save", _ -> success(saved))
            .install("iptables-nft-restore", _ -> success(""))
            .install(
                "ipset",
                command -> success(command.argv().contains("list") ? "mine\nKUBE-SRC-A\n" : ""));

    new UpstreamLeftovers(commands).remove();

    assertThat(inputs(commands))
        .containsExactly(
            """
            *filter
            -D INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
            -D FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
            -F KUBE-NWPLCY-DEFAULT
            -F KUBE-NWPLCY-QWERTY1234567890
            -F KUBE-POD-FW-ABCDEFGH12345678
            -F KUBE-ROUTER-FORWARD
            -F KUBE-ROUTER-INPUT
            -F KUBE-ROUTER-OUTPUT
            -X KUBE-NWPLCY-DEFAULT
            -X KUBE-NWPLCY-QWERTY1234567890
            -X KUBE-POD-FW-ABCDEFGH12345678
            -X KUBE-ROUTER-FORWARD
            -X KUBE-ROUTER-INPUT
            -X KUBE-ROUTER-OUTPUT
            COMMIT
            """,
            "destroy KUBE-SRC-A\n");
  }

  @Test
  void doesNothingWhereKubeRouterNeverWas() throws Exception {
    FakeCommands commands =
        new FakeCommands()
            .install("iptables-nft-save", _ -> success("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"))
            .install("ipset", _ -> success("KUBE-SRC-A\n"));

    new UpstreamLeftovers(commands).remove();

    assertThat(inputs(commands)).isEmpty();
  }

  @Test
  void leavesTheSetsWhereTheChainsThatUseThemCannotBeRemoved() throws Exception {
    FakeCommands commands =
        new FakeCommands()
            .install("iptables-nft-save", _ -> success("*filter\n:KUBE-ROUTER-INPUT - [0:0]\n"))
            .install("iptables-nft-restore", _ -> new CommandResult(4, "", "busy"))
            .install("ipset", _ -> success("KUBE-SRC-A\n"));

    new UpstreamLeftovers(commands).remove();

    assertThat(commands.ran()).noneMatch(command -> command.argv().getFirst().equals("ipset"));
  }

  private static CommandResult success(String output) {
    return new CommandResult(0, output, "");
  }

  private static List<String> inputs(FakeCommands commands) {
    return commands.ran().stream().map(Command::input).filter(i -> !i.isEmpty()).toList();
  }
}
