package org.k3sjvm.base.pki;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** Judges as another does, and tells of each chain that does not please. */
final class TellingTrust extends X509ExtendedTrustManager {
  private final X509ExtendedTrustManager judge;
  private final Runnable refused;

  private TellingTrust(X509ExtendedTrustManager judge, Runnable refused) {
    this.judge = judge;
    this.refused = refused;
  }

  /** The same managers; those of X.509 tell. */
  static TrustManager[] around(TrustManager[] managers, Runnable refused) {
    return Arrays.stream(managers)
        .map(
            manager ->
                manager instanceof X509ExtendedTrustManager x509
                    ? new TellingTrust(x509, refused)
                    : manager)
        .toArray(TrustManager[]::new);
  }

  private interface Judgement {
    void check() throws CertificateException;
  }

  private void told(Judgement judgement) throws CertificateException {
    try {
      judgement.check();
    } catch (CertificateException e) {
      refused.run();
      throw e;
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    told(() -> judge.checkServerTrusted(chain, authType, socket));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    told(() -> judge.checkServerTrusted(chain, authType, engine));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    told(() -> judge.checkServerTrusted(chain, authType));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    judge.checkClientTrusted(chain, authType, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    judge.checkClientTrusted(chain, authType, engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    judge.checkClientTrusted(chain, authType);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return judge.getAcceptedIssuers();
  }
}
