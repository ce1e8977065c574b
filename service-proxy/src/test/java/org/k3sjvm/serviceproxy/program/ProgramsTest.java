package org.k3sjvm.serviceproxy.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.Protocol;
import org.k3sjvm.serviceproxy.rules.SetText;

/** Given these services, these elements, as nft writes them. */
class ProgramsTest {
  private final Programs programs = new Programs(Family.IPV4);

  @Test
  void aPlainServiceIsAFewElements() {
    assertThat(change("web", port("10.43.0.10", 30_080, List.of(), "10.42.1.2", "10.42.2.2")))
        .containsExactly(
            "+ service-endpoints 10.43.0.10 . 6 . 80 . 0 : 10.42.1.2 . 8080",
            "+ service-endpoints 10.43.0.10 . 6 . 80 . 1 : 10.42.2.2 . 8080",
            "+ nodeport-endpoints 6 . 30080 . 0 : 10.42.1.2 . 8080",
            "+ nodeport-endpoints 6 . 30080 . 1 : 10.42.2.2 . 8080",
            "+ hairpin 10.42.1.2 . 10.42.1.2",
            "+ cluster-ips 10.43.0.10",
            "+ service-ips 10.43.0.10 . 6 . 80 : goto internal-2",
            "+ service-nodeports 6 . 30080 : goto nodeport-external-2");
  }

  @Test
  void oneEndpointMoreChangesItsSlotAndTheWayThere() {
    change("web", port("10.43.0.10", 0, List.of(), "10.42.1.2"));

    assertThat(change("web", port("10.43.0.10", 0, List.of(), "10.42.1.2", "10.42.2.2")))
        .containsExactly(
            "+ service-endpoints 10.43.0.10 . 6 . 80 . 1 : 10.42.2.2 . 8080",
            "- service-ips 10.43.0.10 . 6 . 80 : goto internal-1",
            "+ service-ips 10.43.0.10 . 6 . 80 : goto internal-2");
    assertThat(change("web", port("10.43.0.10", 0, List.of(), "10.42.1.2")))
        .containsExactly(
            "- service-ips 10.43.0.10 . 6 . 80 : goto internal-2",
            "+ service-ips 10.43.0.10 . 6 . 80 : goto internal-1",
            "- service-endpoints 10.43.0.10 . 6 . 80 . 1 : 10.42.2.2 . 8080");
  }

  @Test
  void withoutEndpointsClientsAreRefused() {
    assertThat(change("web", port("10.43.0.10", 30_080, List.of())))
        .containsExactly(
            "+ cluster-ips 10.43.0.10",
            "+ no-endpoint-services 10.43.0.10 . 6 . 80 : goto reject-chain",
            "+ no-endpoint-nodeports 6 . 30080 : goto reject-chain");
  }

  @Test
  void takesAwayAllOfAServiceThatIsGone() {
    List<String> added = change("web", port("10.43.0.10", 30_080, List.of(), "10.42.1.2"));

    List<String> removed = change("web");

    assertThat(removed.stream().map(line -> line.replace("- ", "+ ")))
        .containsExactlyInAnyOrderElementsOf(added);
    assertThat(programs.isEmpty()).isTrue();
  }

  @Test
  void countsServicesBeforeItForgetsThatAPodMayReachItself() {
    change("a", port("10.43.0.10", 0, List.of(), "10.42.1.2"));

    assertThat(change("b", port("10.43.0.11", 0, List.of(), "10.42.1.2")))
        .noneMatch(line -> line.contains("hairpin"));
    assertThat(change("a")).noneMatch(line -> line.contains("hairpin"));
    assertThat(change("b")).contains("- hairpin 10.42.1.2 . 10.42.1.2");
  }

  @Test
  void givesWhatTwoWantToTheFirstByName() {
    change("b", port("10.43.0.11", 0, List.of("192.168.1.1"), "10.42.1.3"));

    assertThat(change("a", port("10.43.0.10", 0, List.of("192.168.1.1"), "10.42.1.2")))
        .contains(
            "- service-endpoints 192.168.1.1 . 6 . 80 . 0 : 10.42.1.3 . 8080",
            "+ service-endpoints 192.168.1.1 . 6 . 80 . 0 : 10.42.1.2 . 8080");
    assertThat(change("c", port("10.43.0.12", 0, List.of("192.168.1.1"), "10.42.1.4")))
        .noneMatch(line -> line.contains("192.168.1.1"));
    assertThat(change("a"))
        .contains("+ service-endpoints 192.168.1.1 . 6 . 80 . 0 : 10.42.1.3 . 8080");
    assertThat(change("b"))
        .contains("+ service-endpoints 192.168.1.1 . 6 . 80 . 0 : 10.42.1.4 . 8080");
  }

  private List<String> change(String name, PortProgram... after) {
    ObjectName service = new ObjectName("default", name);
    Delta delta =
        programs.change(
            List.of(new Programs.Change(service, programs.of(service), List.of(after))));
    List<String> lines = new ArrayList<>();
    for (List<ElementChange> transaction : delta.transactions()) {
      for (ElementChange change : transaction) {
        String sign = change instanceof ElementChange.Add ? "+ " : "- ";
        for (Element element : change.elements()) {
          lines.add(sign + text(change.set().set(), element));
        }
      }
    }
    return lines;
  }

  private static String text(String set, Element element) {
    for (ServiceSet known : ServiceSet.values()) {
      if (known.setName().equals(set)) {
        return set + " " + SetText.element(known, Family.IPV4, element);
      }
    }
    throw new AssertionError("no set of ours: " + set);
  }

  private static PortProgram port(
      String clusterIp, int nodePort, List<String> externals, String... endpoints) {
    List<Packed> packed = new ArrayList<>();
    for (String endpoint : endpoints) {
      packed.add(Packed.of().parts(address(endpoint)).port(8_080).build());
    }
    Slots slots = Slots.of(Slots.EMPTY, packed);
    return new PortProgram(
        Protocol.TCP,
        80,
        nodePort,
        address(clusterIp),
        externals.stream().map(ProgramsTest::address).toList(),
        List.of(),
        List.of(),
        slots,
        slots,
        Slots.EMPTY,
        false,
        endpoints.length > 0,
        Slots.EMPTY,
        endpoints.length > 0 ? List.of(address(endpoints[0])) : List.of(),
        Optional.empty());
  }

  private static Packed address(String text) {
    return Packed.ofAddress(IpAddresses.parse(text));
  }
}
