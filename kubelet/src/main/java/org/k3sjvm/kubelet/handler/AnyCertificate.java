package org.k3sjvm.kubelet.handler;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** TLS that asks whether somebody answers, not who: certificates are not looked at. */
final class AnyCertificate extends X509ExtendedTrustManager {
  /** Sessions are resumed, which is cheaper for both; few are kept. */
  private static final int SESSIONS = 256;

  private static final SSLContext CONTEXT = context();

  private AnyCertificate() {}

  /** The handshake on a connection; the name is shown to the server unless it is an address. */
  static SSLSocket over(PodSocket socket, String host, int port) throws IOException {
    SSLSocket tls = (SSLSocket) CONTEXT.getSocketFactory().createSocket(socket, host, port, true);
    SSLParameters parameters = tls.getSSLParameters();
    parameters.setServerNames(name(host));
    tls.setSSLParameters(parameters);
    tls.startHandshake();
    return tls;
  }

  private static List<javax.net.ssl.SNIServerName> name(String host) {
    boolean address = host.indexOf(':') >= 0 || host.matches("[0-9.]+");
    try {
      return address ? List.of() : List.of(new SNIHostName(host));
    } catch (IllegalArgumentException e) {
      return List.of(); // no name that TLS could carry
    }
  }

  private static SSLContext context() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new AnyCertificate()}, new SecureRandom());
      context.getClientSessionContext().setSessionCacheSize(SESSIONS);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime has no TLS", e);
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) {}

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) {}

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
