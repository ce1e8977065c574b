package org.k3sjvm.flannel.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.Nodes;
import org.k3sjvm.flannel.check.OwnEnd.Firewall;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.VxlanSettings;
import org.k3sjvm.linux.testing.FakeNetwork;
import org.k3sjvm.linux.testing.FakeSysctls;

class SurveyTest {
  private static final String OURS = "02:11:11:11:11:11";
  private static final String OTHERS = "02:99:99:99:99:99";

  private final FakeNetwork network = new FakeNetwork();
  private final int eth0 = network.addLink("eth0", "", 1500);

  @Test
  void looksAtTheDeviceThatPeersAreToldOf() {
    device("flannel.1", OTHERS, 1, 8472);
    device("flannel.7", OURS, 7, 4789);

    OwnEnd own = survey(List.of(announcing(7, OURS))).own(Family.IPV4);

    assertThat(own.device()).map(Link::name).hasValue("flannel.7");
    assertThat(own.vni()).isEqualTo(7);
    assertThat(own.port()).isEqualTo(4789);
  }

  @Test
  void knowsADeviceWithAnotherMacAddressByItsNumber() {
    device("flannel.7", OTHERS, 7, 0);

    OwnEnd own = survey(List.of(announcing(7, OURS))).own(Family.IPV4);

    assertThat(own.deviceName()).isEqualTo("flannel.7");
    assertThat(own.device()).isPresent();
    assertThat(own.port()).isEqualTo(8472);
  }

  @Test
  void namesADeviceThatIsMissing() {
    device("flannel.1", OTHERS, 1, 8472);

    OwnEnd own = survey(List.of(announcing(7, OURS))).own(Family.IPV4);

    assertThat(own.device()).isEmpty();
    assertThat(own.deviceName()).isEqualTo("flannel.7");
  }

  @Test
  void takesWhatThereIsWhileNobodyTells() {
    device("flannel.7", OURS, 7, 4789);
    device("vxlan5", OTHERS, 5, 4789);

    Survey survey = survey(List.of());

    assertThat(survey.own(Family.IPV4).deviceName()).isEqualTo("flannel.7");
    assertThat(survey.own(Family.IPV6).device()).isEmpty();
  }

  private void device(String name, String mac, int vni, int port) {
    network.createVxlan(
        name,
        MacAddress.parse(mac),
        1450,
        new VxlanSettings(
            vni,
            eth0,
            Optional.of(IpAddresses.parse("192.168.77.11")),
            Optional.empty(),
            port,
            false,
            false));
  }

  private static Node announcing(int vni, String mac) {
    Node node = Nodes.vxlan("n1", "10.42.1.0/24", "192.168.77.11", mac);
    node.getMetadata()
        .getAnnotations()
        .put(
            "flannel.alpha.coreos.com/backend-data",
            "{\"VNI\":" + vni + ",\"VtepMAC\":\"" + mac + "\"}");
    return node;
  }

  private Survey survey(List<Node> nodes) {
    return new Survey(network, new FakeSysctls(), Firewall.NONE, nodes, Optional.of("n1"));
  }
}
