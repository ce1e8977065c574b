package org.k3sjvm.agent;

import java.util.List;
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
 * @param kubelet {@code system:node:<name>}; answers from memory while no server does
 * @param heartbeat the same identity on its own connection
 * @param controller {@code system:k3s-controller}, which may list nodes where newer servers forbid
 *     it to kubelets; answers from memory, too
 * @param proxy {@code system:kube-proxy}, which may read services and their endpoints
 * @param clients those behind the others
 */
record Apis(
    KubeApi kubelet,
    KubeApi heartbeat,
    KubeApi controller,
    KubeApi proxy,
    List<HttpKubeApi> clients)
    implements AutoCloseable {
  static Apis open(JoinedNode node, Optional<ColdStart> memory) {
    HttpKubeApi kubelet = client(node, NodeCertificate.CLIENT_KUBELET, "kubelet");
    HttpKubeApi heartbeat = client(node, NodeCertificate.CLIENT_KUBELET, "kubelet");
    HttpKubeApi controller = client(node, NodeCertificate.CLIENT_K3S_CONTROLLER, "k3s-controller");
    HttpKubeApi proxy = client(node, NodeCertificate.CLIENT_KUBE_PROXY, "kube-proxy");
    return new Apis(
        memory.map(m -> m.ofPods(kubelet)).orElse(kubelet),
        heartbeat,
        memory.map(m -> m.ofNodes(controller)).orElse(controller),
        proxy,
        List.of(kubelet, heartbeat, controller, proxy));
  }

  private static HttpKubeApi client(JoinedNode node, NodeCertificate identity, String agent) {
    KubeCredentials credentials =
        new KubeCredentials(
            node.apiServer(), node.serverCa(), Optional.of(node.tls(identity)), Optional.empty());
    return new HttpKubeApi(
        credentials, KubeClientConfig.of(agent + "/" + Version.current().version()));
  }

  @Override
  public void close() {
    clients.forEach(HttpKubeApi::close);
  }
}
