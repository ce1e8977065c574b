package org.k3sjvm.join;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;

/**
 * The body of {@code /v1-k3s/config}: Go field names, absent fields are zero, unknown ones are
 * skipped whatever their type. Source: k3s v1.36.3 pkg/daemons/config/types.go.
 */
final class SettingsJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SettingsJson() {}

  /**
   * Reads the body.
   *
   * @throws IllegalArgumentException when it is no JSON object, or a field that agents use makes no
   *     sense; the message names the field
   */
  static ServerSettings parse(byte[] body) {
    JsonNode root;
    try {
      root = JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalArgumentException("not JSON: " + e.getMessage(), e);
    }
    if (root == null || !root.isObject()) {
      throw new IllegalArgumentException("not a JSON object");
    }
    return new ServerSettings(
        root.path("SupervisorPort").asInt(),
        root.path("HTTPSPort").asInt(),
        listOrOne(root, "ClusterIPRanges", "ClusterIPRange", SettingsJson::cidr),
        listOrOne(root, "ServiceIPRanges", "ServiceIPRange", SettingsJson::cidr),
        new PortRange(
            root.path("ServiceNodePortRange").path("Base").asInt(),
            root.path("ServiceNodePortRange").path("Size").asInt()),
        listOrOne(root, "ClusterDNSs", "ClusterDNS", node -> IpAddresses.parse(node.asText())),
        text(root, "ClusterDomain"),
        text(root, "FlannelBackend"),
        root.path("FlannelIPv6Masq").asBoolean(),
        root.path("FlannelExternalIP").asBoolean(),
        text(root, "EgressSelectorMode").isEmpty() ? "agent" : text(root, "EgressSelectorMode"),
        root.path("EmbeddedRegistry").asBoolean(),
        root.path("SupervisorMetrics").asBoolean(),
        new Secret(text(root, "IPSECPSK")),
        text(root, "SystemDefaultRegistry"),
        root.path("DisableCCM").asBoolean(),
        root.path("DisableNPC").asBoolean(),
        root.path("DisableKubeProxy").asBoolean(),
        text(root, "MinTLSVersion"),
        list(root.path("CipherSuites"), "CipherSuites", JsonNode::asText));
  }

  private static String text(JsonNode root, String field) {
    JsonNode node = root.path(field);
    return node.isTextual() ? node.asText() : "";
  }

  /** The list when it has anything, else the single value. */
  private static <T> List<T> listOrOne(
      JsonNode root, String listField, String field, Function<JsonNode, T> read) {
    List<T> list = list(root.path(listField), listField, read);
    if (!list.isEmpty() || isAbsent(root.path(field))) {
      return list;
    }
    return List.of(named(field, root.path(field), read));
  }

  private static <T> List<T> list(JsonNode nodes, String field, Function<JsonNode, T> read) {
    List<T> result = new ArrayList<>();
    for (JsonNode node : nodes) {
      if (!isAbsent(node)) {
        result.add(named(field, node, read));
      }
    }
    return result;
  }

  private static boolean isAbsent(JsonNode node) {
    return node.isMissingNode() || node.isNull() || (node.isTextual() && node.asText().isEmpty());
  }

  private static <T> T named(String field, JsonNode node, Function<JsonNode, T> read) {
    try {
      return read.apply(node);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(field + ": " + e.getMessage(), e);
    }
  }

  /** Go's net.IPNet: an address and the bytes of its mask in base64. */
  private static Cidr cidr(JsonNode node) {
    InetAddress address = IpAddresses.parse(node.path("IP").asText());
    try {
      byte[] mask = node.path("Mask").binaryValue();
      if (mask == null) {
        throw new IllegalArgumentException("the mask is missing");
      }
      return Cidr.containing(address, prefixLength(mask, address.getAddress().length));
    } catch (IOException e) {
      throw new IllegalArgumentException("the mask is not base64", e);
    }
  }

  /** An IPv4 network may carry a mask of 16 bytes, of which the last 4 count. */
  private static int prefixLength(byte[] mask, int addressBytes) {
    int from = mask.length - addressBytes;
    if (from < 0) {
      throw new IllegalArgumentException("the mask is shorter than the address");
    }
    int ones = 0;
    boolean ended = false;
    for (int i = from * 8; i < mask.length * 8; i++) {
      boolean set = (mask[i / 8] & (0x80 >> (i % 8))) != 0;
      if (set && ended) {
        throw new IllegalArgumentException("the mask has holes");
      }
      ended |= !set;
      ones += set ? 1 : 0;
    }
    return ones;
  }
}
