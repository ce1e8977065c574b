package org.k3sjvm.server.control.node;

import io.fabric8.kubernetes.api.model.NodeAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The addresses of a node as the agent names them in annotations. Source: k3s v1.36.3
 * pkg/cloudprovider/instances.go.
 */
final class CloudAddresses {
  static final String INTERNAL_IP = "k3s.io/internal-ip";

  private static final List<Map.Entry<String, String>> TYPES =
      List.of(
          Map.entry(INTERNAL_IP, "InternalIP"),
          Map.entry("k3s.io/external-ip", "ExternalIP"),
          Map.entry("k3s.io/internal-dns", "InternalDNS"),
          Map.entry("k3s.io/external-dns", "ExternalDNS"),
          Map.entry("k3s.io/hostname", "Hostname"));

  private CloudAddresses() {}

  /** Empty until the agent has named an internal address. */
  static Optional<List<NodeAddress>> of(
      Map<String, String> annotations, Map<String, String> labels) {
    if (value(INTERNAL_IP, annotations, labels).isEmpty()) {
      return Optional.empty();
    }
    List<NodeAddress> addresses = new ArrayList<>();
    for (Map.Entry<String, String> type : TYPES) {
      for (String address : value(type.getKey(), annotations, labels).split(",", -1)) {
        if (!address.isEmpty()) {
          addresses.add(new NodeAddress(address, type.getValue()));
        }
      }
    }
    return Optional.of(addresses);
  }

  /** Old agents use labels. */
  private static String value(
      String key, Map<String, String> annotations, Map<String, String> labels) {
    String annotation = annotations.getOrDefault(key, "");
    return annotation.isEmpty() ? labels.getOrDefault(key, "") : annotation;
  }
}
