package org.k3sjvm.server.supervisor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;

/** The body of {@code /v1-k3s/config}. Source: k3s v1.36.3 pkg/daemons/config, Control. */
final class ConfigJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ConfigJson() {}

  static String text(SupervisorConfig config, Secret ipsecKey) {
    ObjectNode root = JSON.createObjectNode();
    root.set("ClusterIPRange", cidr(config.clusterCidrs().getFirst()));
    root.set("ClusterIPRanges", cidrs(config.clusterCidrs()));
    root.set("ServiceIPRange", cidr(config.serviceCidrs().getFirst()));
    root.set("ServiceIPRanges", cidrs(config.serviceCidrs()));
    root.putObject("ServiceNodePortRange")
        .put("Base", config.nodePortBase())
        .put("Size", config.nodePortSize());
    ArrayNode dns = root.putArray("ClusterDNSs");
    config.clusterDns().forEach(address -> dns.add(IpAddresses.text(address)));
    root.put(
        "ClusterDNS", config.clusterDns().stream().findFirst().map(IpAddresses::text).orElse(""));
    root.put("ClusterDomain", config.clusterDomain());
    root.put("FlannelBackend", config.flannelBackend());
    root.put("FlannelIPv6Masq", false);
    root.put("FlannelExternalIP", false);
    root.put("EgressSelectorMode", config.egressSelectorMode());
    root.put("EmbeddedRegistry", false);
    root.put("SupervisorMetrics", false);
    root.put("DisableCCM", config.disableCloudController());
    root.put("DisableNPC", config.disableNetworkPolicy());
    root.put("DisableKubeProxy", config.disableKubeProxy());
    root.put("DisableHelmController", true);
    root.put("DisableServiceLB", true);
    root.put("HTTPSPort", config.port());
    root.put("SupervisorPort", config.port());
    root.put("APIServerPort", config.port());
    root.put("AdvertisePort", config.port());
    root.put("AdvertiseIP", "");
    root.put("IPSECPSK", ipsecKey.reveal());
    root.put("SystemDefaultRegistry", "");
    root.put("MinTLSVersion", "");
    root.putArray("CipherSuites");
    root.put("ServerNodeName", config.serverNodeName());
    ArrayNode names = root.putArray("SANs");
    config.names().forEach(names::add);
    try {
      return JSON.writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree always has a text", e);
    }
  }

  private static ArrayNode cidrs(List<Cidr> cidrs) {
    ArrayNode array = JSON.createArrayNode();
    cidrs.forEach(cidr -> array.add(cidr(cidr)));
    return array;
  }

  /** Go's net.IPNet. */
  private static ObjectNode cidr(Cidr cidr) {
    byte[] mask = new byte[cidr.address().getAddress().length];
    for (int bit = 0; bit < cidr.prefixLength(); bit++) {
      mask[bit / 8] |= (byte) (0x80 >> (bit % 8));
    }
    return JSON.createObjectNode().put("IP", IpAddresses.text(cidr.address())).put("Mask", mask);
  }
}
