package org.k3sjvm.flannel.lease;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.wireguard.PublicKey;

/**
 * The annotations by which nodes tell each other how to reach their pods, byte for byte as flannel
 * writes them: a Go peer takes its own MAC out of the text and not out of the JSON. Source: flannel
 * v0.28 pkg/subnet/kube/annotations.go, pkg/backend/vxlan/vxlan.go, pkg/backend/wireguard.
 */
public final class FlannelAnnotations {
  private static final int HIGHEST_PORT = 65_535;
  static final String PREFIX = "flannel.alpha.coreos.com/";
  private static final String KUBE_SUBNET_MANAGER = PREFIX + "kube-subnet-manager";
  private static final String BACKEND_TYPE = PREFIX + "backend-type";

  /** The backend data of a node that has nothing to say but its address. */
  public static final String NULL_DATA = "null";

  private FlannelAnnotations() {}

  /**
   * What this node is to say of itself.
   *
   * @param backend how it is reached
   * @param parts by enabled family
   * @param present the annotations that are there, for the overwrites in them
   */
  public static Map<String, String> own(
      BackendType backend, Map<Family, OwnPart> parts, Map<String, String> present) {
    Map<String, String> wanted = new TreeMap<>();
    wanted.put(KUBE_SUBNET_MANAGER, "true");
    wanted.put(BACKEND_TYPE, backend.text());
    if (backend != BackendType.VXLAN && !parts.containsKey(Family.IPV4)) {
      wanted.put(Family.IPV4.backendDataAnnotation(), NULL_DATA);
      wanted.put(Family.IPV4.publicIpAnnotation(), "0.0.0.0");
    }
    parts.forEach(
        (family, part) -> {
          wanted.put(family.backendDataAnnotation(), part.backendData());
          wanted.put(family.publicIpAnnotation(), publicIp(family, part, present));
        });
    return wanted;
  }

  /**
   * What this node is to say of addresses that stand for its interface's; empty values are to be
   * taken away. Source: k3s v1.36.3 pkg/agent/flannel/setup.go, syncAnnotations.
   */
  public static Map<String, Optional<String>> overwrites(Map<Family, InetAddress> announced) {
    Map<String, Optional<String>> wanted = new TreeMap<>();
    if (announced.isEmpty()) {
      for (Family family : Family.values()) {
        wanted.put(family.publicIpOverwriteAnnotation(), Optional.empty());
      }
    }
    announced.forEach(
        (family, address) ->
            wanted.put(
                family.publicIpOverwriteAnnotation(), Optional.of(IpAddresses.text(address))));
    return wanted;
  }

  /** The MAC address that a node announced; empty when it announced none that can be read. */
  public static Optional<MacAddress> mac(Map<String, String> annotations, Family family) {
    try {
      return data(annotations, family, "VtepMAC").map(text -> MacAddress.parse(text.asText()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The VXLAN network identifier that a node announced; empty when it announced none. */
  public static Optional<Integer> vni(Map<String, String> annotations, Family family) {
    return data(annotations, family, "VNI").filter(JsonNode::isIntegralNumber).map(JsonNode::asInt);
  }

  /** What a node announced of its end of WireGuard; empty when there is none that can be read. */
  public static Optional<WireguardEnd> wireguard(Map<String, String> annotations, Family family) {
    int port =
        data(annotations, family, "Port")
            .filter(JsonNode::isIntegralNumber)
            .map(JsonNode::asInt)
            .filter(number -> number > 0 && number <= HIGHEST_PORT)
            .orElse(0);
    try {
      return data(annotations, family, "PublicKey")
          .map(text -> new WireguardEnd(new PublicKey(text.asText()), port));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Optional<JsonNode> data(
      Map<String, String> annotations, Family family, String name) {
    try {
      JsonNode tree =
          KubeJson.mapper()
              .readTree(annotations.getOrDefault(family.backendDataAnnotation(), NULL_DATA));
      return tree.properties().stream()
          .filter(field -> field.getKey().equalsIgnoreCase(name))
          .map(Map.Entry::getValue)
          .findFirst();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** The address to send to; empty when there is none that can be read. */
  public static Optional<InetAddress> publicIp(Map<String, String> annotations, Family family) {
    return Optional.ofNullable(annotations.get(family.publicIpAnnotation()))
        .filter(IpAddresses::isLiteral)
        .map(IpAddresses::parse)
        .filter(address -> Family.of(address) == family && !address.isAnyLocalAddress());
  }

  /** Whether somebody else says where the node is to be sent to. */
  public static boolean isOverwritten(Map<String, String> annotations, Family family) {
    return !annotations.getOrDefault(family.publicIpOverwriteAnnotation(), "").isEmpty();
  }

  /** How the node is reached, whether or not we know that way. */
  public static Optional<String> backend(Map<String, String> annotations) {
    return Optional.ofNullable(annotations.get(BACKEND_TYPE));
  }

  /** Whether flannel runs on the node, with that backend. */
  static boolean isReachedBy(BackendType backend, Map<String, String> annotations) {
    return "true".equals(annotations.get(KUBE_SUBNET_MANAGER))
        && backend.text().equals(annotations.get(BACKEND_TYPE));
  }

  /** Of a VXLAN device. */
  public static String vxlanData(int vni, MacAddress mac) {
    return "{\"VNI\":" + vni + ",\"VtepMAC\":\"" + mac + "\"}";
  }

  /** Of an end of WireGuard. */
  public static String wireguardData(WireguardEnd end) {
    return "{\"PublicKey\":\"" + end.key() + "\",\"Port\":" + end.port() + "}";
  }

  private static String publicIp(Family family, OwnPart part, Map<String, String> present) {
    String overwrite = present.getOrDefault(family.publicIpOverwriteAnnotation(), "");
    return overwrite.isEmpty() ? IpAddresses.text(part.underlay()) : overwrite;
  }

  /**
   * One family of this node.
   *
   * @param underlay the interface's own address
   * @param backendData what peers need to know besides
   */
  public record OwnPart(InetAddress underlay, String backendData) {}
}
