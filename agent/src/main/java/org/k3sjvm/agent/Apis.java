package org.k3sjvm.agent;

import java.util.Optional;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.NodeCertificate;
import org.k3sjvm.kube.HttpKubeApi;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeClientConfig;
import org.k3sjvm.kube.KubeCredentials;

/**
 * The Kubernetes API under the node's identities. Heartbeats have a client of their own, so that a
 * large list cannot delay them.
 *
 * @param kubelet {@code system:node:<name>}
 * @param heartbeat the same identity on its own connection
 * @param controller {@code system:k3s-controller}, which may list nodes where newer servers forbid
 *     it to kubelets
 * @param proxy {@code system:kube-proxy}, which may read services and their endpoints
 */
record Apis(KubeApi kubelet, KubeApi heartbeat, KubeApi controller, KubeApi proxy)
    implements AutoCloseable {
  static Apis open(JoinedNode node) {
    return new Apis(
        client(node, NodeCertificate.CLIENT_KUBELET, "kubelet"),
        client(node, NodeCertificate.CLIENT_KUBELET, "kubelet"),
        client(node, NodeCertificate.CLIENT_K3S_CONTROLLER, "k3s-controller"),
        client(node, NodeCertificate.CLIENT_KUBE_PROXY, "kube-proxy"));
  }

  private static KubeApi client(JoinedNode node, NodeCertificate identity, String agent) {
    KubeCredentials credentials =
        new KubeCredentials(
            node.apiServer(), node.serverCa(), Optional.of(node.tls(identity)), Optional.empty());
    return new HttpKubeApi(
        credentials, KubeClientConfig.of(agent + "/" + Version.current().version()));
  }

  @Override
  public void close() {
    for (KubeApi api : new KubeApi[] {kubelet, heartbeat, controller, proxy}) {
      if (api instanceof HttpKubeApi client) {
        client.close();
      }
    }
  }
}
