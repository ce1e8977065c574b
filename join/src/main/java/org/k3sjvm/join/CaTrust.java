package org.k3sjvm.join;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsContexts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Finds out whom to trust. The authorities are fetched from whoever answers; the answer counts when
 * the server's certificate stands on them and they have the digest that the token pins. Failing
 * that, a server that the host's own store trusts counts too, as upstream has it. Source: k3s
 * v1.36.3 pkg/clientaccess/token.go, getCACerts and validateCACerts (which tries the host's store
 * first).
 */
final class CaTrust {
  private static final String PATH = "/cacerts";
  private static final Logger log = LoggerFactory.getLogger(CaTrust.class);

  private final URI endpoint;
  private final URI server;
  private final Faults faults;

  CaTrust(URI endpoint, URI server, Faults faults) {
    this.endpoint = endpoint;
    this.server = server;
    this.faults = faults;
  }

  /**
   * What was found out.
   *
   * @param left the cluster that this node belonged to, when it is another one
   */
  record Discovery(ClusterTrust trust, Optional<EarlierCluster> left) {
    static Discovery of(ClusterTrust trust) {
      return new Discovery(trust, Optional.empty());
    }
  }

  /**
   * Asks who answers.
   *
   * @param pin the digest of the token, when it has one
   * @param earlier the cluster that the node joined before
   * @param mayLeave whether the node may go over to another one although the token does not pin it
   * @throws JoinException when nobody answers, or the answer is not to be trusted
   */
  Discovery discover(Optional<String> pin, Optional<EarlierCluster> earlier, boolean mayLeave)
      throws InterruptedException {
    TrustAnyone seen = new TrustAnyone();
    byte[] bundle = fetch(seen.context());
    Optional<JoinException> objection = objectionTo(bundle, seen.chain(), pin);
    if (objection.isEmpty()) {
      if (pin.isEmpty() && faults.isNews("no pin")) {
        log.atWarn()
            .addKeyValue("server", server)
            .log("the token pins no authority, the cluster's identity is not verified");
      }
      Optional<EarlierCluster> left =
          earlier.filter(cluster -> !cluster.isThatOf(bundle, parse(bundle), seen.chain()));
      if (left.isPresent() && pin.isEmpty() && !mayLeave) {
        throw faults.anotherCluster(left.get().digest(), CaHash.of(bundle).orElse("none"));
      }
      return new Discovery(new ClusterTrust.Pinned(parse(bundle)), left);
    }
    if (isTrustedByHost()) {
      log.atLevel(faults.isNews("host's store") ? Level.WARN : Level.DEBUG)
          .addKeyValue("server", server)
          .addKeyValue("because", objection.get().getMessage())
          .log("trusting the server by the host's own authorities");
      return Discovery.of(new ClusterTrust.HostStore());
    }
    throw objection.get();
  }

  /**
   * Checks the chain that was shown; that it names the host is checked by each connection from now
   * on.
   */
  private Optional<JoinException> objectionTo(
      byte[] bundle, List<X509Certificate> chain, Optional<String> pin) {
    String digest;
    try {
      digest = CaHash.of(bundle).orElse("none");
      if (parse(bundle).isEmpty()) {
        return Optional.of(
            new JoinException.Untrusted(
                "cannot trust %s: what it serves at %s has no certificate; is it a k3s server?"
                    .formatted(server, PATH)));
      }
    } catch (PkiException e) {
      return Optional.of(
          new JoinException.Untrusted(
              "cannot trust %s: %s; is it a k3s server?".formatted(server, e.getMessage()), e));
    }
    if (pin.isPresent() && !pin.get().equals(digest)) {
      return Optional.of(
          new JoinException.Untrusted(
              "cannot join %s: the token pins CA %s, the server offers CA %s; fetch a fresh token from <data-dir>/server/node-token on the server"
                  .formatted(server, pin.get(), digest)));
    }
    try {
      standsOn(parse(bundle), chain);
      return Optional.empty();
    } catch (CertificateException e) {
      return Optional.of(faults.untrusted(e));
    }
  }

  private static void standsOn(List<X509Certificate> authorities, List<X509Certificate> chain)
      throws CertificateException {
    if (chain.isEmpty()) {
      throw new CertificateException("the server shows no certificate");
    }
    for (TrustManager manager : TlsContexts.trustManagers(authorities)) {
      if (manager instanceof X509TrustManager x509) {
        x509.checkServerTrusted(chain.toArray(X509Certificate[]::new), "UNKNOWN");
      }
    }
  }

  private boolean isTrustedByHost() throws InterruptedException {
    try {
      fetch(new ClusterTrust.HostStore().tls(Optional.empty()));
      return true;
    } catch (JoinException | PkiException e) {
      log.atDebug().setCause(e).log("the host's store does not trust the server");
      return false;
    }
  }

  private static List<X509Certificate> parse(byte[] bundle) {
    return Certificates.parse(new String(bundle, StandardCharsets.ISO_8859_1));
  }

  private byte[] fetch(SSLContext tls) throws InterruptedException {
    try (SupervisorHttp http = new SupervisorHttp(endpoint, tls)) {
      SupervisorHttp.Answer answer = http.get(PATH, Map.of());
      if (!answer.ok()) {
        throw new JoinException.BadAnswer(
            answer.status(),
            "cannot get the authorities of %s: %s answered %d; is it a k3s server?"
                .formatted(server, PATH, answer.status()));
      }
      return answer.body();
    } catch (IOException e) {
      throw faults.of(e);
    }
  }

  /**
   * For the one request whose answer is checked afterwards. As an extended trust manager it also
   * keeps the JDK from comparing the host name.
   */
  static final class TrustAnyone extends X509ExtendedTrustManager {
    private volatile List<X509Certificate> chain = List.of();

    /** What the server showed last. */
    List<X509Certificate> chain() {
      return chain;
    }

    SSLContext context() {
      try {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {this}, null);
        return context;
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every JDK speaks TLS", e);
      }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String authType, Socket socket) {
      chain = List.of(shown);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String authType, SSLEngine engine) {
      chain = List.of(shown);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String authType) {
      chain = List.of(shown);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {
      throw new UnsupportedOperationException();
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
