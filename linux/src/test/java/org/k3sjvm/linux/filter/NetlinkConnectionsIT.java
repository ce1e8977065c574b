package org.k3sjvm.linux.filter;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.netlink.NetlinkConnections;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.testing.TestNamespace;

class NetlinkConnectionsIT {
  private static final int UDP = 17;

  private TestNamespace namespace;
  private NetlinkConnections connections;

  @BeforeEach
  void createNamespace() throws Exception {
    namespace = TestNamespace.create("conntrack");
    new NftCommand(new ChildProcesses(List.of("nsenter", "--net=" + namespace.path())))
        .apply(
            """
            table inet k3s-test {
              chain track { type filter hook output priority 0; ct state new accept; }
            }
            """);
    connections = namespace.call(NetlinkConnections::open);
  }

  @AfterEach
  void removeNamespace() throws Exception {
    namespace.close();
    connections.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void forgetsOneConnectionAndNoOther(String address) throws Exception {
    InetAddress loopback = IpAddresses.parse(address);
    boolean ipv6 = loopback.getAddress().length == 16;
    sendTo(loopback, 5353);
    sendTo(loopback, 5354);

    List<Connection> found = connections.select(ipv6, UDP, c -> c.destinationPort() == 5353);

    assertThat(found).hasSize(1);
    assertThat(found.getFirst().destination()).isEqualTo(loopback);
    assertThat(found.getFirst().replySource()).isEqualTo(loopback);
    assertThat(connections.delete(found.getFirst())).isTrue();
    assertThat(connections.delete(found.getFirst())).isFalse();
    assertThat(connections.select(ipv6, UDP, c -> true))
        .extracting(Connection::destinationPort)
        .contains(5354)
        .doesNotContain(5353);
  }

  private void sendTo(InetAddress address, int port) throws Exception {
    namespace.call(
        () -> {
          try (DatagramSocket socket = new DatagramSocket()) {
            socket.send(new DatagramPacket(new byte[1], 1, new InetSocketAddress(address, port)));
          }
          return true;
        });
  }
}
