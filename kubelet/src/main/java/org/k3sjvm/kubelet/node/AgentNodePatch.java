package org.k3sjvm.kubelet.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.fabric8.kubernetes.api.model.Node;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeJson;

/**
 * What the k3s agent writes on its Node, for the server's cloud controller and for operators.
 *
 * @param labels of {@code --node-label}; the empty text stands for no value
 * @param clusterEgress whether servers may reach pods through this node's tunnel; k3s marks such
 *     nodes in its egress modes {@code cluster} and {@code pod}
 * @param cloudController whether the server runs one; if not, the address annotations are removed
 * @param hostname of the operating system; empty or a localhost stands for the node's name
 * @param arguments command line and environment
 */
public record AgentNodePatch(
    Map<String, String> labels,
    boolean clusterEgress,
    boolean cloudController,
    List<String> internalIps,
    List<String> externalIps,
    List<String> internalDns,
    List<String> externalDns,
    String hostname,
    NodeArguments arguments) {
  private static final String INTERNAL_IP = "k3s.io/internal-ip";
  private static final String EXTERNAL_IP = "k3s.io/external-ip";
  private static final String INTERNAL_DNS = "k3s.io/internal-dns";
  private static final String EXTERNAL_DNS = "k3s.io/external-dns";
  private static final String HOSTNAME = "k3s.io/hostname";
  private static final String CLUSTER_EGRESS = "egress.k3s.io/cluster";
  private static final String HASH = "k3s.io/node-config-hash";

  public AgentNodePatch {
    labels = Map.copyOf(labels);
    internalIps = List.copyOf(internalIps);
    externalIps = List.copyOf(externalIps);
    internalDns = List.copyOf(internalDns);
    externalDns = List.copyOf(externalDns);
  }

  /**
   * The JSON patch that brings a node up to date.
   *
   * <p>Source: k3s v1.36.3 pkg/agent/run.go updateMutableLabels and updateAddressAnnotations, and
   * pkg/nodeconfig/nodeconfig.go.
   *
   * @return empty when the node says all of it
   */
  public Optional<JsonNode> operations(Node node) {
    Operations operations = new Operations(node);
    labels.forEach(operations::label);
    if (clusterEgress) {
      if (!operations.present.containsKey(CLUSTER_EGRESS)) {
        operations.label(CLUSTER_EGRESS, "true");
      }
    } else {
      operations.remove("labels", operations.present, CLUSTER_EGRESS);
    }
    if (cloudController) {
      operations.annotate(INTERNAL_IP, String.join(",", internalIps));
      operations.annotate(HOSTNAME, shownHostname(node));
      if (!externalIps.isEmpty()) {
        operations.annotate(EXTERNAL_IP, String.join(",", externalIps));
      }
      operations.annotateOrRemove(INTERNAL_DNS, String.join(",", internalDns));
      operations.annotateOrRemove(EXTERNAL_DNS, String.join(",", externalDns));
      operations.updateLegacyLabels(shownHostname(node));
    } else {
      operations.removeAddresses();
    }
    if (!arguments.hash().equals(operations.annotations.get(HASH))) {
      operations.annotate(HASH, arguments.hash());
      operations.annotate("k3s.io/node-env", arguments.envJson());
      operations.annotate("k3s.io/node-args", arguments.argsJson());
    }
    return operations.list.isEmpty() ? Optional.empty() : Optional.of(operations.list);
  }

  private String shownHostname(Node node) {
    return hostname.isEmpty() || hostname.contains("localhost")
        ? node.getMetadata().getName()
        : hostname;
  }

  private final class Operations {
    final ArrayNode list = KubeJson.mapper().createArrayNode();
    final Map<String, String> annotations;
    final Map<String, String> present;

    Operations(Node node) {
      annotations = orEmpty(node.getMetadata().getAnnotations());
      present = orEmpty(node.getMetadata().getLabels());
      if (annotations.isEmpty()) {
        list.addObject().put("op", "add").put("path", "/metadata/annotations").putObject("value");
      }
    }

    void label(String key, String value) {
      set("labels", present, key, value);
    }

    void annotate(String key, String value) {
      set("annotations", annotations, key, value);
    }

    void annotateOrRemove(String key, String value) {
      if (value.isEmpty()) {
        remove("annotations", annotations, key);
      } else {
        annotate(key, value);
      }
    }

    /** Labels of these names are from old versions and only kept up to date. */
    void updateLegacyLabels(String shownHostname) {
      if (present.containsKey(INTERNAL_IP) || present.containsKey(HOSTNAME)) {
        label(INTERNAL_IP, internalIps.isEmpty() ? "" : internalIps.getFirst());
        label(HOSTNAME, shownHostname);
        if (!externalIps.isEmpty()) {
          label(EXTERNAL_IP, externalIps.getFirst());
        }
      }
    }

    void removeAddresses() {
      for (String key : List.of(INTERNAL_IP, EXTERNAL_IP, INTERNAL_DNS, EXTERNAL_DNS, HOSTNAME)) {
        remove("annotations", annotations, key);
      }
      for (String key : List.of(INTERNAL_IP, EXTERNAL_IP, HOSTNAME)) {
        remove("labels", present, key);
      }
    }

    private void set(String field, Map<String, String> old, String key, String value) {
      if (!value.equals(old.get(key))) {
        list.addObject().put("op", "add").put("path", path(field, key)).put("value", value);
      }
    }

    private void remove(String field, Map<String, String> old, String key) {
      if (old.containsKey(key)) {
        list.addObject().put("op", "remove").put("path", path(field, key));
      }
    }

    private static String path(String field, String key) {
      return "/metadata/" + field + "/" + key.replace("~", "~0").replace("/", "~1");
    }

    private static Map<String, String> orEmpty(@Nullable Map<String, String> map) {
      return map == null ? Map.of() : map;
    }
  }
}
