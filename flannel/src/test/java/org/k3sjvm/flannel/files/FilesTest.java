package org.k3sjvm.flannel.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.kube.KubeJson;

class FilesTest {
  private static final PodNetwork DUAL =
      new PodNetwork(
          Map.of(
              Family.IPV6, Cidr.parse("2001:cafe:42::/56"),
              Family.IPV4, Cidr.parse("10.42.0.0/16")),
          Map.of(
              Family.IPV6, Cidr.parse("2001:cafe:42:1::/64"),
              Family.IPV4, Cidr.parse("10.42.1.0/24")),
          1450);

  @TempDir private Path bin;

  @Test
  void writesTheSubnetFileInFlannelsOrder() {
    assertThat(SubnetEnv.text(DUAL))
        .isEqualTo(
            """
            FLANNEL_NETWORK=10.42.0.0/16
            FLANNEL_SUBNET=10.42.1.1/24
            FLANNEL_IPV6_NETWORK=2001:cafe:42::/56
            FLANNEL_IPV6_SUBNET=2001:cafe:42:1::1/64
            FLANNEL_MTU=1450
            FLANNEL_IPMASQ=true
            """);
  }

  @Test
  void writesFlannelsOwnConfiguration() {
    assertThat(NetConf.text(Map.of(Family.IPV4, Cidr.parse("10.42.0.0/16")), BackendType.VXLAN))
        .isEqualTo(
            "{\"Network\":\"10.42.0.0/16\",\"EnableIPv6\":false,\"EnableIPv4\":true,"
                + "\"IPv6Network\":\"::/0\",\"Backend\":{\"Type\":\"vxlan\"}}\n");
    assertThat(NetConf.text(DUAL.networks(), BackendType.HOST_GW))
        .contains("\"IPv6Network\":\"2001:cafe:42::/56\"", "\"EnableIPv6\":true", "host-gw");
  }

  @Test
  void expandsTheListForTheBridgePlugin() throws IOException {
    install("portmap", "bandwidth");

    String list = CniConfig.expanded(DUAL, List.of(bin));

    assertThat(list)
        .isEqualTo(
            """
            {"name":"cbr0","cniVersion":"1.0.0","plugins":[
             {"type":"bridge","bridge":"cni0","isGateway":true,"isDefaultGateway":true,\
            "forceAddress":true,"hairpinMode":true,"ipMasq":false,"mtu":1450,
              "ipam":{"type":"host-local","ranges":[[{"subnet":"10.42.1.0/24"}],\
            [{"subnet":"2001:cafe:42:1::/64"}]],"routes":[{"dst":"10.42.0.0/16"},\
            {"dst":"2001:cafe:42::/56"}]}},
             {"type":"portmap","capabilities":{"portMappings":true}},
             {"type":"bandwidth","capabilities":{"bandwidth":true}}]}
            """);
    assertThat(KubeJson.mapper().readTree(list).path("plugins").size()).isEqualTo(3);
  }

  @Test
  void namesOnlyPluginsThatAreInstalled() throws IOException {
    install("portmap");

    assertThat(CniConfig.expanded(DUAL, List.of(bin))).doesNotContain("bandwidth");
    assertThat(CniConfig.missingPlugins(List.of(bin)))
        .containsExactly("bridge", "host-local", "loopback");
  }

  @Test
  void delegatesAsUpstreamDoes() throws IOException, JsonProcessingException {
    install("portmap", "bandwidth");

    assertThat(
            KubeJson.mapper()
                .readTree(CniConfig.delegated(Path.of("/run/flannel/subnet.env"), List.of(bin))))
        .isEqualTo(
            KubeJson.mapper()
                .readTree(
                    """
                    {"name":"cbr0","cniVersion":"1.0.0","plugins":[
                    {"type":"flannel","delegate":{"hairpinMode":true,"forceAddress":true,
                    "isDefaultGateway":true}},
                    {"type":"portmap","capabilities":{"portMappings":true}},
                    {"type":"bandwidth","capabilities":{"bandwidth":true}}]}
                    """));
    assertThat(CniConfig.delegated(Path.of("/x/subnet.env"), List.of(bin)))
        .contains("\"subnetFile\":\"/x/subnet.env\"");
  }

  private void install(String... plugins) throws IOException {
    for (String plugin : plugins) {
      Files.createFile(
          bin.resolve(plugin),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    }
  }
}
