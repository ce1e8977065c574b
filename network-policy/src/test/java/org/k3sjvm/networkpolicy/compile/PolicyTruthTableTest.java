package org.k3sjvm.networkpolicy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.networkpolicy.compile.Packets.Packet;
import org.k3sjvm.networkpolicy.model.AddressRanges;
import org.k3sjvm.networkpolicy.model.Direction;
import org.k3sjvm.networkpolicy.model.NamedPort;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.Policy.BlockPeer;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Policy.Peer;
import org.k3sjvm.networkpolicy.model.Policy.PodPeer;
import org.k3sjvm.networkpolicy.model.Policy.Port;
import org.k3sjvm.networkpolicy.model.Policy.PortByName;
import org.k3sjvm.networkpolicy.model.Policy.Rule;
import org.k3sjvm.networkpolicy.model.Protocol;
import org.k3sjvm.networkpolicy.model.Selector;
import org.k3sjvm.networkpolicy.model.Selector.Operator;
import org.k3sjvm.networkpolicy.model.Selector.Requirement;

/** Each form of peer with each form of port, in each direction, family and protocol. */
class PolicyTruthTableTest {
  private static final String SELECTED = "1"; // ns a, app=web, on this node
  private static final String SISTER = "2"; // ns a, app=db
  private static final String COUSIN = "3"; // ns b (team=b), app=db
  private static final String STRANGER = "4"; // ns b (team=b), app=web
  private static final String OUTSIDER = "9"; // no pod
  private static final List<String> OTHERS = List.of(SISTER, COUSIN, STRANGER, OUTSIDER);

  record PeerForm(String name, List<Peer> peers, List<String> means) {}

  /** What a form of ports lets through, as {@code tcp/80}. */
  record PortForm(String name, List<Port> ports, List<String> means) {}

  record Row(PeerForm peer, PortForm port, Direction direction, boolean ipv6) {
    @Override
    public String toString() {
      return peer.name() + ", " + port.name() + ", " + direction + (ipv6 ? ", IPv6" : ", IPv4");
    }
  }

  static Stream<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (Direction direction : Direction.values()) {
      for (boolean ipv6 : new boolean[] {false, true}) {
        for (PeerForm peer : peers(ipv6)) {
          for (PortForm port : ports()) {
            rows.add(new Row(peer, port, direction, ipv6));
          }
        }
      }
    }
    return rows.stream();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void letsThroughWhatPeerAndPortBothMean(Row row) {
    Packets table = compiled(policy(row), row.ipv6());
    for (String other : OTHERS) {
      for (String traffic :
          List.of(
              "tcp/80", "tcp/81", "tcp/90", "udp/80", "udp/53", "sctp/80", "sctp/7", "icmp/0")) {
        String protocol = traffic.substring(0, traffic.indexOf('/'));
        int port = Integer.parseInt(traffic.substring(traffic.indexOf('/') + 1));
        boolean in = row.direction() == Direction.INGRESS;
        String source = address(in ? other : SELECTED, row.ipv6());
        String target = address(in ? SELECTED : other, row.ipv6());
        boolean peer = row.peer().peers().isEmpty() || row.peer().means().contains(other);
        boolean known = !other.equals(OUTSIDER) || in; // who is no pod has no named ports
        boolean allowed =
            row.port().ports().isEmpty()
                || (row.port().means().contains(traffic)
                    && (known || !(row.port().ports().getFirst() instanceof PortByName)));
        assertThat(table.lets(new Packet(source, target, protocol, port)))
            .as("%s %s", other, traffic)
            .isEqualTo(peer && allowed);
        assertThat(table.lets(new Packet(target, source, protocol, port)))
            .as("the other direction is free")
            .isTrue();
      }
    }
  }

  @Test
  void isolatesOnlyTheDirectionsThatAPolicyIsAbout() {
    Policy in = new Policy(name(), Selector.EVERYTHING, Optional.of(List.of()), Optional.empty());
    Policy out = new Policy(name(), Selector.EVERYTHING, Optional.empty(), Optional.of(List.of()));

    assertThat(compiled(in, false).lets(packet(SISTER, SELECTED))).isFalse();
    assertThat(compiled(in, false).lets(packet(SELECTED, COUSIN))).isTrue();
    assertThat(compiled(out, false).lets(packet(SELECTED, COUSIN))).isFalse();
    assertThat(compiled(out, false).lets(packet(COUSIN, SELECTED))).isTrue();
    assertThat(compiled(in, false).lets(packet(SELECTED, SELECTED))).isTrue();
    assertThat(compiled(in, false).lets(packet(COUSIN, STRANGER))).as("another namespace").isTrue();
  }

  @Test
  void keepsAddressesOfOtherNodesUnrestricted() {
    Policy in = new Policy(name(), Selector.EVERYTHING, Optional.of(List.of()), Optional.empty());
    PolicyModel model = new PolicyModel("elsewhere", true, false);
    pods(false).forEach(model::pod);
    model.policy(in);
    Packets table = new Packets();
    model.takeWhole().values().forEach(table::apply);

    assertThat(table.lets(packet(SISTER, SELECTED))).isTrue();
  }

  private static List<PeerForm> peers(boolean ipv6) {
    String net = ipv6 ? "fd00::" : "10.0.0.";
    int bits = ipv6 ? 128 : 32;
    AddressRanges block = AddressRanges.of(Cidr.parse(net + "0/" + (bits - 2))); // 0 to 3
    AddressRanges hole = AddressRanges.of(Cidr.parse(net + "2/" + bits));
    Optional<Selector> teamB = Optional.of(selector("team", Operator.IN, "b"));
    return List.of(
        new PeerForm("anybody", List.of(), OTHERS),
        new PeerForm("pods", List.of(new PodPeer(Optional.empty(), app("db"))), List.of(SISTER)),
        new PeerForm(
            "all pods of the namespace",
            List.of(new PodPeer(Optional.empty(), Selector.EVERYTHING)),
            List.of(SISTER)),
        new PeerForm(
            "pods by absence",
            List.of(new PodPeer(Optional.empty(), selector("tier", Operator.DOES_NOT_EXIST))),
            List.of(SISTER)),
        new PeerForm(
            "namespaces",
            List.of(new PodPeer(teamB, Selector.EVERYTHING)),
            List.of(COUSIN, STRANGER)),
        new PeerForm(
            "all namespaces",
            List.of(new PodPeer(Optional.of(Selector.EVERYTHING), Selector.EVERYTHING)),
            List.of(SISTER, COUSIN, STRANGER)),
        new PeerForm("pods of namespaces", List.of(new PodPeer(teamB, app("db"))), List.of(COUSIN)),
        new PeerForm(
            "not in",
            List.of(
                new PodPeer(
                    Optional.of(Selector.EVERYTHING), selector("app", Operator.NOT_IN, "db"))),
            List.of(STRANGER)),
        new PeerForm(
            "exists",
            List.of(new PodPeer(teamB, selector("app", Operator.EXISTS))),
            List.of(COUSIN, STRANGER)),
        new PeerForm("block", List.of(new BlockPeer(block)), List.of(SISTER, COUSIN)),
        new PeerForm(
            "block with exception", List.of(new BlockPeer(block.without(hole))), List.of(COUSIN)),
        new PeerForm(
            "block and pods",
            List.of(new BlockPeer(block.without(hole)), new PodPeer(Optional.empty(), app("db"))),
            List.of(SISTER, COUSIN)),
        new PeerForm(
            "block of the other family",
            List.of(new BlockPeer(AddressRanges.of(Cidr.parse(ipv6 ? "0.0.0.0/0" : "::/0")))),
            List.of()));
  }

  private static List<PortForm> ports() {
    return List.of(
        new PortForm("no ports", List.of(), List.of()),
        new PortForm("one", List.of(new NumberedPorts(Protocol.TCP, 80, 80)), List.of("tcp/80")),
        new PortForm(
            "range", List.of(new NumberedPorts(Protocol.TCP, 80, 85)), List.of("tcp/80", "tcp/81")),
        new PortForm(
            "whole protocol",
            List.of(new NumberedPorts(Protocol.UDP, 0, 65535)),
            List.of("udp/80", "udp/53")),
        new PortForm("SCTP", List.of(new NumberedPorts(Protocol.SCTP, 7, 7)), List.of("sctp/7")),
        new PortForm(
            "several",
            List.of(
                new NumberedPorts(Protocol.TCP, 80, 82),
                new NumberedPorts(Protocol.TCP, 81, 90),
                new NumberedPorts(Protocol.SCTP, 80, 80)),
            List.of("tcp/80", "tcp/81", "tcp/90", "sctp/80")),
        new PortForm("named", List.of(new PortByName(Protocol.TCP, "web")), List.of("tcp/80")),
        new PortForm(
            "named of another protocol",
            List.of(new PortByName(Protocol.UDP, "dns")),
            List.of("udp/53")),
        new PortForm("named nowhere", List.of(new PortByName(Protocol.TCP, "dns")), List.of()));
  }

  private static Policy policy(Row row) {
    Optional<List<Rule>> rules =
        Optional.of(List.of(new Rule(row.peer().peers(), row.port().ports())));
    return new Policy(
        name(),
        app("web"),
        row.direction() == Direction.INGRESS ? rules : Optional.empty(),
        row.direction() == Direction.EGRESS ? rules : Optional.empty());
  }

  private static Packets compiled(Policy policy, boolean ipv6) {
    PolicyModel model = new PolicyModel("here", !ipv6, ipv6);
    model.namespace("a", Map.of("team", "a"));
    model.namespace("b", Map.of("team", "b"));
    pods(ipv6).forEach(model::pod);
    model.policy(policy);
    Packets table = new Packets();
    model.takeWhole().values().forEach(table::apply);
    return table;
  }

  private static List<PodFacts> pods(boolean ipv6) {
    return List.of(
        pod("a", SELECTED, Map.of("app", "web", "tier", "x"), ipv6),
        pod("a", SISTER, Map.of("app", "db"), ipv6),
        pod("b", COUSIN, Map.of("app", "db"), ipv6),
        pod("b", STRANGER, Map.of("app", "web"), ipv6));
  }

  private static PodFacts pod(
      String namespace, String number, Map<String, String> labels, boolean ipv6) {
    return new PodFacts(
        new ObjectName(namespace, "p" + number),
        "u" + number,
        labels,
        List.of(address(number, ipv6)),
        List.of(new NamedPort("web", Protocol.TCP, 80), new NamedPort("dns", Protocol.UDP, 53)),
        "here",
        false,
        false,
        "");
  }

  private static Packet packet(String from, String to) {
    return new Packet(address(from, false), address(to, false), "tcp", 80);
  }

  private static String address(String number, boolean ipv6) {
    return (ipv6 ? "fd00::" : "10.0.0.") + number;
  }

  private static Selector app(String value) {
    return selector("app", Operator.IN, value);
  }

  private static Selector selector(String key, Operator operator, String... values) {
    return new Selector(List.of(new Requirement(key, operator, List.of(values))));
  }

  private static ObjectName name() {
    return new ObjectName("a", "policy");
  }
}
