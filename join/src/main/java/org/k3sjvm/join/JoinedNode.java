package org.k3sjvm.join;

import java.net.URI;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.nodepassword.NodeIdentity;

/**
 * A node that the cluster trusts: all that the agent needs to start its parts. The files that
 * {@code files} names exist, and each certificate fits its key.
 *
 * @param identity name, id and password
 * @param settings what the server said
 * @param addresses of this node
 * @param files certificates, keys and kubeconfigs on disk
 * @param serverCa authorities of the API server and the supervisor; never empty
 * @param clientCa authorities of those who call the kubelet; never empty
 * @param apiServer base URL of the Kubernetes API: a local load balancer, or the server itself
 * @param supervisor base URL of supervisor requests
 * @param resolvConf the file that pods with the node's DNS policy get
 * @param remembered whether no server answered, and all this is of the join before
 */
public record JoinedNode(
    NodeIdentity identity,
    ServerSettings settings,
    NodeAddresses addresses,
    AgentFiles files,
    List<X509Certificate> serverCa,
    List<X509Certificate> clientCa,
    URI apiServer,
    URI supervisor,
    Path resolvConf,
    boolean remembered) {

  public JoinedNode {
    serverCa = List.copyOf(serverCa);
    clientCa = List.copyOf(clientCa);
  }

  public String name() {
    return identity.name();
  }

  /** The same node with other authorities. */
  JoinedNode with(List<X509Certificate> newServerCa, List<X509Certificate> newClientCa) {
    return new JoinedNode(
        identity,
        settings,
        addresses,
        files,
        newServerCa,
        newClientCa,
        apiServer,
        supervisor,
        resolvConf,
        remembered);
  }

  /** Reads a certificate with its key from disk, as it is now. */
  public TlsIdentity tls(NodeCertificate which) {
    return TlsIdentity.load(files.certificate(which), files.key(which));
  }
}
