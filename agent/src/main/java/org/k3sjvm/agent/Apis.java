package org.k3sjvm.agent;

import java.util.List;
import java.util.Optional;
import org.k3sjvm.agent.certificate.NodeCredentials;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.NodeCertificate;
import org.k3sjvm.kube.HttpKubeApi;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeClientConfig;
import org.k3sjvm.kube.KubeCredentials;
import org.k3sjvm.kube.Recovery;

/**
 * The Kubernetes API under the node's identities. Heartbeats have a client of their own, so that a
 * large list cannot delay them. When one client is answered after an outage, all try again.
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
  /** Under the certificates of now; others are used from when they are there. */
  static Apis open(JoinedNode node, NodeCredentials held, Optional<ColdStart> memory) {
    Recovery recovery = new Recovery();
    HttpKubeApi kubelet = client(node, held, NodeCertificate.CLIENT_KUBELET, "kubelet", recovery);
    HttpKubeApi heartbeat = client(node, held, NodeCertificate.CLIENT_KUBELET, "kubelet", recovery);
    HttpKubeApi controller =
        client(node, held, NodeCertificate.CLIENT_K3S_CONTROLLER, "k3s-controller", recovery);
    HttpKubeApi proxy =
        client(node, held, NodeCertificate.CLIENT_KUBE_PROXY, "kube-proxy", recovery);
    return new Apis(
        memory.map(m -> m.ofPods(kubelet)).orElse(kubelet),
        heartbeat,
        memory.map(m -> m.ofNodes(controller)).orElse(controller),
        proxy,
        List.of(kubelet, heartbeat, controller, proxy));
  }

  private static HttpKubeApi client(
      JoinedNode node,
      NodeCredentials credentials,
      NodeCertificate identity,
      String agent,
      Recovery recovery) {
    HttpKubeApi api =
        new HttpKubeApi(
            as(identity, node, credentials.held()),
            KubeClientConfig.of(agent + "/" + Version.current().version()),
            recovery);
    credentials.onChange(fresh -> api.use(as(identity, node, fresh)));
    return api;
  }

  private static KubeCredentials as(
      NodeCertificate identity, JoinedNode node, NodeCredentials.Held held) {
    return new KubeCredentials(
        node.apiServer(), held.serverCa(), Optional.of(held.tls(identity)), Optional.empty());
  }

  @Override
  public void close() {
    clients.forEach(HttpKubeApi::close);
  }
}
