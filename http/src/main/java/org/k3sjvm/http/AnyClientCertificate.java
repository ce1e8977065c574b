package org.k3sjvm.http;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Lets a handshake pass with any client certificate, whose key the client still has to prove;
 * {@link ServerTls#verify} decides afterwards what the certificate is worth. Trusts no server.
 */
final class AnyClientCertificate extends X509ExtendedTrustManager {
  private static final X509Certificate[] ANY_ISSUER = new X509Certificate[0];

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType) {}

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("this context is for servers only");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw new CertificateException("this context is for servers only");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("this context is for servers only");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return ANY_ISSUER.clone();
  }
}
