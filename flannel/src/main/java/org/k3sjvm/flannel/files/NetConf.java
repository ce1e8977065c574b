package org.k3sjvm.flannel.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.linux.wireguard.SecretKey;

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
  public record Given(
      Map<Family, Cidr> networks,
      BackendType backend,
      VxlanOptions vxlan,
      WireguardOptions wireguard) {
    public Given {
      networks = Map.copyOf(networks);
    }
  }

  /**
   * Reads a configuration as flannel does: names of fields in any case, unknown ones are passed
   * over. Source: flannel v0.28 pkg/subnet/config.go, pkg/backend/vxlan/vxlan.go,
   * pkg/backend/wireguard/wireguard.go.
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
    if (bool(root, "EnableIPv4", true)) {
      network(root, "Network", Family.IPV4).ifPresent(cidr -> networks.put(Family.IPV4, cidr));
    }
    if (bool(root, "EnableIPv6", false)) {
      network(root, "IPv6Network", Family.IPV6).ifPresent(cidr -> networks.put(Family.IPV6, cidr));
    }
    if (networks.isEmpty()) {
      throw new IllegalArgumentException("it has neither Network nor an enabled IPv6Network");
    }
    JsonNode backend = field(root, "Backend");
    if (!backend.isMissingNode() && !backend.isObject()) {
      throw new IllegalArgumentException("Backend must be an object, not " + backend);
    }
    String type = backend.isMissingNode() ? "udp" : text(backend, "Type");
    BackendType known =
        List.of(BackendType.values()).stream()
            .filter(one -> one.text().equals(type))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "this agent has no backend '"
                            + type
                            + "', only vxlan, host-gw and wireguard"));
    return new Given(
        networks,
        known,
        known == BackendType.VXLAN ? vxlan(backend) : VxlanOptions.DEFAULT,
        known == BackendType.WIREGUARD ? wireguard(backend) : WireguardOptions.DEFAULT);
  }

  private static VxlanOptions vxlan(JsonNode backend) {
    return new VxlanOptions(
        number(backend, "VNI", VxlanOptions.DEFAULT.vni()),
        number(backend, "Port", 0),
        mtuBytes(backend),
        bool(backend, "GBP", false),
        bool(backend, "Learning", false),
        bool(backend, "DirectRouting", false));
  }

  private static WireguardOptions wireguard(JsonNode backend) {
    String mode = text(backend, "Mode");
    String preshared = text(backend, "PSK");
    try {
      return new WireguardOptions(
          mode.isEmpty() ? WireguardOptions.Mode.SEPARATE : WireguardOptions.Mode.of(mode),
          number(backend, "ListenPort", WireguardOptions.DEFAULT_PORT),
          number(backend, "ListenPortV6", WireguardOptions.DEFAULT_PORT_V6),
          mtuBytes(backend),
          preshared.isEmpty()
              ? Optional.empty()
              : Optional.of(new SecretKey(new Secret(preshared))),
          number(backend, "PersistentKeepaliveInterval", 0));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("Backend: " + e.getMessage(), e);
    }
  }

  private static OptionalInt mtuBytes(JsonNode backend) {
    int mtuBytes = number(backend, "MTU", 0);
    return mtuBytes == 0 ? OptionalInt.empty() : OptionalInt.of(mtuBytes);
  }

  /** Empty where the whole Internet stands for nothing. */
  private static Optional<Cidr> network(JsonNode root, String name, Family family) {
    String text = text(root, name);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Cidr cidr;
    try {
      cidr = Cidr.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + " is no network: " + e.getMessage(), e);
    }
    if (Family.of(cidr) != family) {
      throw new IllegalArgumentException(name + " is no " + family + " network: " + cidr);
    }
    return Optional.of(cidr).filter(one -> one.prefixLength() > 0);
  }

  private static String text(JsonNode object, String name) {
    JsonNode value = field(object, name);
    if (!value.isMissingNode() && !value.isTextual()) {
      throw new IllegalArgumentException(name + " must be a text, not " + value);
    }
    return value.asText();
  }

  private static boolean bool(JsonNode object, String name, boolean otherwise) {
    JsonNode value = field(object, name);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw new IllegalArgumentException(name + " must be true or false, not " + value);
    }
    return value.asBoolean(otherwise);
  }

  /** What is out of range is refused by who knows the range. */
  private static int number(JsonNode object, String name, int otherwise) {
    JsonNode value = field(object, name);
    if (!value.isMissingNode() && !(value.isIntegralNumber() && value.canConvertToInt())) {
      throw new IllegalArgumentException(name + " must be a whole number, not " + value);
    }
    return value.asInt(otherwise);
  }

  /** As Go reads it, null says nothing. Source: Go encoding/json, Unmarshal. */
  private static JsonNode field(JsonNode object, String name) {
    return object.properties().stream()
        .filter(field -> field.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .filter(value -> !value.isNull())
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
        + "\""
        + (backend == BackendType.WIREGUARD
            ? ",\"PersistentKeepaliveInterval\":" + WireguardOptions.DEFAULT.keepaliveSeconds()
            : "")
        + "}}\n";
  }

  private static String text(Map<Family, Cidr> networks, Family family, String unset) {
    return Optional.ofNullable(networks.get(family)).map(CniConfig::text).orElse(unset);
  }
}
