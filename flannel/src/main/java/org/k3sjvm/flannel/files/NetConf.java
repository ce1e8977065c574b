package org.k3sjvm.flannel.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.kube.KubeJson;

/**
 * {@code net-conf.json}: flannel's own configuration. We write it for those who read it, and read
 * one that an administrator wrote.
 */
public final class NetConf {
  public static final String MODE = "rw-------";

  private NetConf() {}

  /**
   * What an administrator wrote.
   *
   * @param networks pods of all nodes, by family
   */
  public record Given(Map<Family, Cidr> networks, BackendType backend, VxlanOptions vxlan) {
    public Given {
      networks = Map.copyOf(networks);
    }
  }

  /**
   * Reads a configuration as flannel does: names of fields in any case, unknown ones are passed
   * over. Source: flannel v0.28 pkg/subnet/config.go, pkg/backend/vxlan/vxlan.go.
   *
   * @throws IllegalArgumentException it cannot be read, or asks for what we do not have; the
   *     message says what
   */
  public static Given read(String text) {
    JsonNode root = KubeJson.read(text, JsonNode.class);
    if (root == null || !root.isObject()) {
      throw new IllegalArgumentException("it is no JSON object");
    }
    Map<Family, Cidr> networks = new EnumMap<>(Family.class);
    if (field(root, "EnableIPv4").asBoolean(true)) {
      network(root, "Network", Family.IPV4).ifPresent(cidr -> networks.put(Family.IPV4, cidr));
    }
    if (field(root, "EnableIPv6").asBoolean(false)) {
      network(root, "IPv6Network", Family.IPV6).ifPresent(cidr -> networks.put(Family.IPV6, cidr));
    }
    if (networks.isEmpty()) {
      throw new IllegalArgumentException("it has neither Network nor an enabled IPv6Network");
    }
    JsonNode backend = field(root, "Backend");
    String type = backend.isMissingNode() ? "udp" : field(backend, "Type").asText();
    BackendType known =
        List.of(BackendType.values()).stream()
            .filter(one -> one.text().equals(type))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "this agent has no backend '" + type + "', only vxlan and host-gw"));
    return new Given(
        networks,
        known,
        known == BackendType.VXLAN
            ? new VxlanOptions(
                field(backend, "VNI").asInt(VxlanOptions.DEFAULT.vni()),
                field(backend, "Port").asInt(0),
                field(backend, "MTU").asInt(0) == 0
                    ? OptionalInt.empty()
                    : OptionalInt.of(field(backend, "MTU").asInt()),
                field(backend, "GBP").asBoolean(false),
                field(backend, "Learning").asBoolean(false),
                field(backend, "DirectRouting").asBoolean(false))
            : VxlanOptions.DEFAULT);
  }

  /** Empty where the whole Internet stands for nothing. */
  private static Optional<Cidr> network(JsonNode root, String name, Family family) {
    JsonNode text = field(root, name);
    if (text.isMissingNode() || text.asText().isEmpty()) {
      return Optional.empty();
    }
    Cidr cidr = Cidr.parse(text.asText());
    if (Family.of(cidr) != family) {
      throw new IllegalArgumentException(name + " is no " + family + " network: " + cidr);
    }
    return Optional.of(cidr).filter(one -> one.prefixLength() > 0);
  }

  private static JsonNode field(JsonNode object, String name) {
    return object.properties().stream()
        .filter(field -> field.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(MissingNode.getInstance());
  }

  /** Source: k3s v1.36.3 pkg/agent/flannel/setup.go, flannelConf. */
  public static String text(Map<Family, Cidr> networks, BackendType backend) {
    return "{\"Network\":\""
        + text(networks, Family.IPV4, "0.0.0.0/0")
        + "\",\"EnableIPv6\":"
        + networks.containsKey(Family.IPV6)
        + ",\"EnableIPv4\":"
        + networks.containsKey(Family.IPV4)
        + ",\"IPv6Network\":\""
        + text(networks, Family.IPV6, "::/0")
        + "\",\"Backend\":{\"Type\":\""
        + backend.text()
        + "\"}}\n";
  }

  private static String text(Map<Family, Cidr> networks, Family family, String unset) {
    return Optional.ofNullable(networks.get(family)).map(CniConfig::text).orElse(unset);
  }
}
