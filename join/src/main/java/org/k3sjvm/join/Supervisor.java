package org.k3sjvm.join;

import java.util.List;
import java.util.Map;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.pki.Pem;

/**
 * The supervisor API of a server, for agents. Blocking; each call ends within 10 s. Any thread may
 * call. Every method throws {@link JoinException}. Source: k3s v1.36.3 pkg/server/handlers.
 */
public interface Supervisor {
  ServerSettings settings() throws InterruptedException;

  /** PEM, as served. */
  String clientCa() throws InterruptedException;

  /** PEM, as served. */
  String serverCa() throws InterruptedException;

  /**
   * Asks for a certificate.
   *
   * @param request PKCS #10 in DER
   * @param headers of {@code NodeIdentity}; empty for certificates that do not name the node
   * @return leaf and authorities; with a private key among them when the server made its own
   */
  List<Pem.Block> certificate(NodeCertificate which, byte[] request, Map<String, String> headers)
      throws InterruptedException;

  /** Addresses of the API servers; may be empty while the cluster starts. */
  List<HostPort> apiServers() throws InterruptedException;

  /** Whether the server says that it is ready. Servers before v1.30 do not know the question. */
  boolean ready() throws InterruptedException;
}
