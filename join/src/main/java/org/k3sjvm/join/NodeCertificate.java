package org.k3sjvm.join;

/** The certificates that a node asks for, in that order. Source: k3s v1.36.3 pkg/agent/config. */
public enum NodeCertificate {
  SERVING_KUBELET("serving-kubelet", true),
  CLIENT_KUBELET("client-kubelet", true),
  CLIENT_KUBE_PROXY("client-kube-proxy", false),
  CLIENT_K3S_CONTROLLER("client-k3s-controller", false);

  private final String fileName;
  private final boolean provesNode;

  NodeCertificate(String fileName, boolean provesNode) {
    this.fileName = fileName;
    this.provesNode = provesNode;
  }

  /** Name of its files and of its endpoint, without {@code .crt}. */
  public String fileName() {
    return fileName;
  }

  /** Whether the request carries the node's name and password. */
  public boolean provesNode() {
    return provesNode;
  }
}
