package org.k3sjvm.join;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.pki.TlsIdentity;

/** Whose word the node takes for who is a server of the cluster. */
sealed interface ClusterTrust {
  /** Exactly these authorities; never empty. */
  record Pinned(List<X509Certificate> authorities) implements ClusterTrust {
    public Pinned {
      authorities = List.copyOf(authorities);
      if (authorities.isEmpty()) {
        throw new IllegalArgumentException("an empty bundle would mean the host's store");
      }
    }
  }

  /** The authorities that the host trusts. */
  record HostStore() implements ClusterTrust {}

  /** A TLS context that takes this word, and presents an identity when there is one. */
  default SSLContext tls(Optional<TlsIdentity> identity) {
    return switch (this) {
      case Pinned(List<X509Certificate> authorities) -> TlsContexts.of(authorities, identity);
      case HostStore() -> TlsContexts.of(List.of(), identity);
    };
  }
}
