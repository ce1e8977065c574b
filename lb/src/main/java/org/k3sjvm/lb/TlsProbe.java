package org.k3sjvm.lb;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.k3sjvm.base.net.HostPort;

/**
 * Whether TLS and HTTP are answered, on a connection made as clients' connections are. Who answers
 * does not matter here and nothing secret is sent; clients check certificates themselves.
 */
final class TlsProbe implements Probe {
  /** For each of the steps: connecting, TLS, the answer. */
  static final Duration TIMEOUT = Duration.ofSeconds(5);

  private static final int SERVER_ERROR = 500;

  private final Dialer dialer;
  private final SSLSocketFactory tls = anybody().getSocketFactory();

  TlsProbe(Dialer dialer) {
    this.dialer = dialer;
  }

  @Override
  public void ask(HostPort server) throws IOException {
    try (Socket raw = dialer.dial(server, TIMEOUT);
        SSLSocket secured =
            (SSLSocket) tls.createSocket(raw, server.host(), server.port(), false)) {
      secured.setSoTimeout((int) TIMEOUT.toMillis());
      secured.startHandshake();
      secured
          .getOutputStream()
          .write(
              "GET /ping HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                  .formatted(server)
                  .getBytes(StandardCharsets.US_ASCII));
      int status = status(secured.getInputStream());
      if (status >= SERVER_ERROR) {
        throw new IOException("HTTP " + status);
      }
    }
  }

  static int status(InputStream answer) throws IOException {
    byte[] start = answer.readNBytes("HTTP/1.1 200".length());
    String text = new String(start, 0, start.length, StandardCharsets.US_ASCII);
    if (!text.matches("HTTP/1\\.[01] [1-5][0-9][0-9]")) {
      throw new IOException("an answer that is not HTTP");
    }
    return Integer.parseInt(text.substring(text.length() - 3));
  }

  private static SSLContext anybody() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Anybody()}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has TLS", e);
    }
  }

  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
