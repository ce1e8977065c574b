package org.k3sjvm.kube;

import java.net.URI;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.base.secret.Secret;

/**
 * Where the API is and who we are there.
 *
 * @param server {@code https://host:port}, or {@code http} in tests; without a path
 * @param trusted the authorities that may vouch for the server; empty for the host's own store
 * @param identity the client certificate
 * @param token a bearer token
 */
public record KubeCredentials(
    URI server,
    List<X509Certificate> trusted,
    Optional<TlsIdentity> identity,
    Optional<Secret> token) {
  public KubeCredentials {
    trusted = List.copyOf(trusted);
  }
}
