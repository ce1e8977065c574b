package org.k3sjvm.base.pki;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** TLS contexts of the JDK from our own values. */
public final class TlsContexts {
  private static final char[] NO_PASSWORD = new char[0];

  private TlsContexts() {}

  /**
   * A context, for either side of a connection.
   *
   * @param trusted the certificate authorities to accept; empty for the host's own store
   * @param identity what to present; empty for none
   */
  public static SSLContext of(List<X509Certificate> trusted, Optional<TlsIdentity> identity) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          identity.map(TlsContexts::keyManagers).orElse(null), trustManagers(trusted), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new PkiException("cannot set up TLS: " + e.getMessage(), e);
    }
  }

  /**
   * As {@link #of(List, Optional)}, and tells somebody when a certificate is refused.
   *
   * @param refused called in the handshake; must not block
   */
  public static SSLContext of(
      List<X509Certificate> trusted, Optional<TlsIdentity> identity, Runnable refused) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          identity.map(TlsContexts::keyManagers).orElse(null),
          TellingTrust.around(trustManagers(trusted), refused),
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new PkiException("cannot set up TLS: " + e.getMessage(), e);
    }
  }

  /**
   * Trust managers that accept chains to these authorities; the host's own store when there are
   * none.
   */
  public static TrustManager[] trustManagers(List<X509Certificate> trusted) {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(trusted.isEmpty() ? null : storeOf(trusted));
      return factory.getTrustManagers();
    } catch (GeneralSecurityException e) {
      throw new PkiException("cannot use the trusted certificates: " + e.getMessage(), e);
    }
  }

  private static KeyStore storeOf(List<X509Certificate> trusted) throws GeneralSecurityException {
    KeyStore store = emptyStore();
    for (int i = 0; i < trusted.size(); i++) {
      store.setCertificateEntry("ca" + i, trusted.get(i));
    }
    return store;
  }

  /** Key managers that present this identity. */
  public static KeyManager[] keyManagers(TlsIdentity identity) {
    try {
      KeyStore store = emptyStore();
      store.setKeyEntry(
          "identity",
          identity.key(),
          NO_PASSWORD,
          identity.chain().toArray(X509Certificate[]::new));
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store, NO_PASSWORD);
      return factory.getKeyManagers();
    } catch (GeneralSecurityException e) {
      throw new PkiException("cannot use " + identity + ": " + e.getMessage(), e);
    }
  }

  /**
   * Stays in memory, so what its format does with the empty password is of no weight: PKCS #12
   * would derive keys from it in 20,000 rounds for each context.
   */
  private static KeyStore emptyStore() throws GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("JKS");
    try {
      store.load(null, null);
    } catch (IOException e) {
      throw new IllegalStateException("an empty key store needs no input", e);
    }
    return store;
  }
}
