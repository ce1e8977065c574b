package org.k3sjvm.flannel;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.util.Map;
import java.util.TreeMap;
import org.k3sjvm.linux.wireguard.PublicKey;

/** Node objects as API servers show them. */
public final class Nodes {
  private Nodes() {}

  /** A node without flannel so far. */
  public static Node bare(String name, String... podCidrs) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .withCreationTimestamp("2026-01-01T00:00:00Z")
        .endMetadata()
        .withNewSpec()
        .withPodCIDR(podCidrs.length == 0 ? null : podCidrs[0])
        .withPodCIDRs(podCidrs)
        .endSpec()
        .build();
  }

  /** A node as a Go peer with VXLAN shows itself. */
  public static Node vxlan(String name, String podCidr, String publicIp, String mac) {
    Node node = bare(name, podCidr);
    Map<String, String> annotations = new TreeMap<>();
    annotations.put("flannel.alpha.coreos.com/kube-subnet-manager", "true");
    annotations.put("flannel.alpha.coreos.com/backend-type", "vxlan");
    annotations.put("flannel.alpha.coreos.com/public-ip", publicIp);
    annotations.put(
        "flannel.alpha.coreos.com/backend-data", "{\"VNI\":1,\"VtepMAC\":\"" + mac + "\"}");
    node.getMetadata().setAnnotations(annotations);
    return node;
  }

  /** A node as a Go peer with WireGuard shows itself. */
  public static Node wireguard(String name, String podCidr, String publicIp, PublicKey key) {
    Node node = bare(name, podCidr);
    Map<String, String> annotations = new TreeMap<>();
    annotations.put("flannel.alpha.coreos.com/kube-subnet-manager", "true");
    annotations.put("flannel.alpha.coreos.com/backend-type", "wireguard");
    annotations.put("flannel.alpha.coreos.com/public-ip", publicIp);
    annotations.put(
        "flannel.alpha.coreos.com/backend-data", "{\"PublicKey\":\"" + key + "\",\"Port\":51820}");
    node.getMetadata().setAnnotations(annotations);
    return node;
  }
}
