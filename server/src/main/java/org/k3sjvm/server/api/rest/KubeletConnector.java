package org.k3sjvm.server.api.rest;

import java.io.IOException;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.http.Duplex;

/** The way from the server to a node's kubelet, which is behind the node's tunnel. */
@FunctionalInterface
public interface KubeletConnector {
  /**
   * A fresh TLS connection, on which we have shown the API server's client certificate.
   *
   * @param node the node's name
   * @param kubelet the address and port that the node's status names
   * @throws IOException when there is no way or nobody answers; the message says which
   */
  Duplex connect(String node, HostPort kubelet) throws IOException;
}
