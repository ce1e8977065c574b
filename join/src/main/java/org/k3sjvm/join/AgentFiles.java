package org.k3sjvm.join;

import java.nio.file.Path;
import java.util.List;

/**
 * Paths below {@code <data>/agent}. Source: k3s v1.36.3 pkg/agent/config.
 *
 * @param directory {@code <data>/agent}
 */
public record AgentFiles(Path directory) {
  public Path clientCa() {
    return directory.resolve("client-ca.crt");
  }

  public Path serverCa() {
    return directory.resolve("server-ca.crt");
  }

  public Path certificate(NodeCertificate which) {
    return directory.resolve(which.fileName() + ".crt");
  }

  public Path key(NodeCertificate which) {
    return directory.resolve(which.fileName() + ".key");
  }

  public Path kubeletKubeconfig() {
    return directory.resolve("kubelet.kubeconfig");
  }

  public Path kubeProxyKubeconfig() {
    return directory.resolve("kubeproxy.kubeconfig");
  }

  public Path controllerKubeconfig() {
    return directory.resolve("k3scontroller.kubeconfig");
  }

  public Path etc() {
    return directory.resolve("etc");
  }

  public Path crictl() {
    return etc().resolve("crictl.yaml");
  }

  /** Written only when the host's own files are of no use to pods. */
  public Path resolvConf() {
    return etc().resolve("resolv.conf");
  }

  public Path podManifests() {
    return directory.resolve("pod-manifests");
  }

  /** The kubeconfigs with the certificate that each presents. */
  List<Kubeconfig> kubeconfigs() {
    return List.of(
        new Kubeconfig(kubeletKubeconfig(), NodeCertificate.CLIENT_KUBELET),
        new Kubeconfig(kubeProxyKubeconfig(), NodeCertificate.CLIENT_KUBE_PROXY),
        new Kubeconfig(controllerKubeconfig(), NodeCertificate.CLIENT_K3S_CONTROLLER));
  }

  record Kubeconfig(Path file, NodeCertificate identity) {}
}
