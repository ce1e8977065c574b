package org.k3sjvm.http;

import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.pki.TlsIdentity;

/**
 * What a server shows of itself and whom it believes; both can be replaced while it runs, for new
 * connections.
 *
 * <p>A client is asked for a certificate and may come without. One from an unknown authority does
 * not end the handshake, since the same client may hold a token; it is just not told to handlers.
 * Source: Kubernetes v1.36 kubelet (RequestClientCert and the x509 authenticator). Thread-safe.
 */
public final class ServerTls {
  /** Sessions that can be resumed; each holds the peer's certificates. */
  private static final int SESSION_CACHE = 64;

  private volatile SSLContext context;
  private volatile Optional<X509TrustManager> clientTrust;

  /**
   * TLS for a server.
   *
   * @param identity what to show
   * @param clientAuthorities whose client certificates count; empty: nobody's
   */
  public ServerTls(TlsIdentity identity, List<X509Certificate> clientAuthorities) {
    this.context = contextOf(identity);
    this.clientTrust = trustIn(clientAuthorities);
  }

  /** Shows another certificate to connections from now on. */
  public void replaceIdentity(TlsIdentity identity) {
    context = contextOf(identity);
  }

  /** Believes other authorities from the next request on. */
  public void replaceClientAuthorities(List<X509Certificate> authorities) {
    clientTrust = trustIn(authorities);
  }

  SSLEngine newEngine() {
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(false);
    engine.setWantClientAuth(true);
    return engine;
  }

  /** The chain, when it ends at one of our authorities and is good for a client today. */
  Optional<List<X509Certificate>> verify(List<X509Certificate> chain) {
    Optional<X509TrustManager> trust = clientTrust;
    if (chain.isEmpty() || trust.isEmpty()) {
      return Optional.empty();
    }
    try {
      trust.get().checkClientTrusted(chain.toArray(X509Certificate[]::new), "UNKNOWN");
      return Optional.of(List.copyOf(chain));
    } catch (CertificateException e) {
      return Optional.empty();
    }
  }

  private static Optional<X509TrustManager> trustIn(List<X509Certificate> authorities) {
    if (authorities.isEmpty()) {
      return Optional.empty();
    }
    for (TrustManager manager : TlsContexts.trustManagers(authorities)) {
      if (manager instanceof X509TrustManager x509) {
        return Optional.of(x509);
      }
    }
    throw new IllegalStateException("the JDK has no X.509 trust manager");
  }

  private static SSLContext contextOf(TlsIdentity identity) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          TlsContexts.keyManagers(identity), new TrustManager[] {new AnyClientCertificate()}, null);
      context.getServerSessionContext().setSessionCacheSize(SESSION_CACHE);
      return context;
    } catch (GeneralSecurityException e) {
      throw new PkiException("cannot serve TLS as " + identity + ": " + e.getMessage(), e);
    }
  }
}
