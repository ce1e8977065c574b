package org.k3sjvm.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.http.Duplex;
import org.k3sjvm.http.SocketDuplex;
import org.k3sjvm.server.api.rest.KubeletConnector;
import org.k3sjvm.server.pki.ClusterPki;
import org.k3sjvm.tunnel.TunnelException;
import org.k3sjvm.tunnel.TunnelServer;

/**
 * Reaches kubelets through the tunnels of their nodes, or directly while a node has none. The
 * kubelet must show the certificate of that node, so a tunnel cannot pass for another. Source: k3s
 * v1.36.3 pkg/daemons/control/tunnel.go, dialContext.
 */
final class TunnelKubelets implements KubeletConnector {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final TunnelServer tunnels;
  private final SSLSocketFactory tls;

  TunnelKubelets(TunnelServer tunnels, ClusterPki pki) {
    this.tunnels = tunnels;
    this.tls =
        TlsContexts.of(List.of(pki.serverCa().certificate()), Optional.of(pki.kubeletClient()))
            .getSocketFactory();
  }

  @Override
  public Duplex connect(String node, HostPort kubelet) throws IOException {
    Socket transport = transport(node, kubelet);
    try {
      SSLSocket secured = (SSLSocket) tls.createSocket(transport, node, kubelet.port(), true);
      SSLParameters parameters = secured.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      secured.setSSLParameters(parameters);
      secured.setSoTimeout((int) LIMIT.toMillis());
      secured.startHandshake();
      secured.setSoTimeout(0);
      return new SocketDuplex(secured, transport);
    } catch (IOException e) {
      transport.close();
      throw new IOException(
          "cannot reach the kubelet of node " + node + " at " + kubelet + ": " + e.getMessage(), e);
    }
  }

  private Socket transport(String node, HostPort kubelet) throws IOException {
    if (tunnels.isConnected(node)) {
      try {
        return tunnels.dial(node, "tcp", new HostPort("127.0.0.1", kubelet.port()).toString());
      } catch (TunnelException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    Socket direct = new Socket();
    try {
      direct.connect(new InetSocketAddress(kubelet.host(), kubelet.port()), (int) LIMIT.toMillis());
      return direct;
    } catch (IOException e) {
      direct.close();
      throw new IOException(
          "node "
              + node
              + " has no tunnel and its kubelet does not answer at "
              + kubelet
              + ": "
              + e.getMessage(),
          e);
    }
  }
}
