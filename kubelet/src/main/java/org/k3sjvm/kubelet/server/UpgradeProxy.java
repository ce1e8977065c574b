package org.k3sjvm.kubelet.server;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.http.ClientRequest;
import org.k3sjvm.http.ClientResponse;
import org.k3sjvm.http.Duplex;
import org.k3sjvm.http.Headers;
import org.k3sjvm.http.HttpClientConnection;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.http.SocketDuplex;

/**
 * Passes a request that upgrades its connection on to the runtime's streaming server and then bytes
 * both ways, whatever protocol they speak: SPDY/3.1 and WebSocket alike. Source: kubelet v1.36.3
 * proxyStream, apimachinery UpgradeAwareHandler.
 */
final class UpgradeProxy {
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofSeconds(60);

  /** How long the runtime may still talk when the client has said its last. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(5);

  private static final int COPY_BYTES = 8 * 1024;

  /** What belongs to one connection, or is ours to say. */
  private static final Set<String> NOT_PASSED_ON =
      Set.of("host", "authorization", "content-length", "transfer-encoding", "expect");

  private UpgradeProxy() {}

  /** Whether the client wants its connection upgraded; nothing else is proxied. */
  static void requireUpgrade(Request request) {
    if (!request.headers().hasToken("Connection", "upgrade") || !request.headers().has("Upgrade")) {
      throw new ApiError(400, "Upgrade request required");
    }
  }

  /**
   * Passes the request to the URL that the runtime gave and stays until either side is done.
   *
   * @param target {@code http} or {@code https} on this host; used at once, since it serves once
   */
  static void pass(URI target, Request request, Response response)
      throws IOException, InterruptedException {
    int port = target.getPort() >= 0 ? target.getPort() : isTls(target) ? 443 : 80;
    String host = target.getHost().replaceAll("[\\[\\]]", "");
    try (Socket raw = new Socket()) {
      raw.connect(new InetSocketAddress(host, port), Math.toIntExact(CONNECT.toMillis()));
      raw.setTcpNoDelay(true);
      Duplex connection = isTls(target) ? secured(raw, host, port) : new SocketDuplex(raw);
      connection.readTimeout(ANSWER);
      try (HttpClientConnection runtime = new HttpClientConnection(connection)) {
        ClientResponse answer =
            runtime.send(
                new ClientRequest(request.method(), pathOf(target), headers(target, request)));
        response.status(answer.status());
        if (!answer.upgraded()) {
          relay(answer, response);
          return;
        }
        for (Headers.Entry entry : answer.headers().entries()) {
          response.addHeader(entry.name(), entry.value());
        }
        connection.readTimeout(Duration.ZERO);
        splice(response.hijack(), runtime.streams());
      }
    }
  }

  private static void relay(ClientResponse answer, Response response) throws IOException {
    for (Headers.Entry entry : answer.headers().entries()) {
      String name = entry.name().toLowerCase(Locale.ROOT);
      if (!NOT_PASSED_ON.contains(name) && !name.equals("connection")) {
        response.addHeader(entry.name(), entry.value());
      }
    }
    response.send(answer.body().readNBytes(64 * 1024));
  }

  private static Headers headers(URI target, Request request) {
    Headers headers = Headers.of("Host", target.getRawAuthority());
    for (Headers.Entry entry : request.headers().entries()) {
      if (!NOT_PASSED_ON.contains(entry.name().toLowerCase(Locale.ROOT))) {
        headers = headers.with(entry.name(), entry.value());
      }
    }
    return headers;
  }

  private static String pathOf(URI target) {
    String path = target.getRawPath().isEmpty() ? "/" : target.getRawPath();
    return target.getRawQuery() == null ? path : path + "?" + target.getRawQuery();
  }

  /** Copies both ways. The runtime's end ends it all; the client's lets the runtime finish. */
  private static void splice(Duplex client, Duplex runtime) throws InterruptedException {
    CountDownLatch runtimeDone = new CountDownLatch(1);
    Thread fromClient =
        Thread.ofVirtual()
            .name("stream-from-client")
            .start(
                () -> {
                  copy(client, runtime);
                  finish(runtime, runtimeDone);
                });
    try {
      copy(runtime, client);
    } finally {
      runtimeDone.countDown();
      client.close();
      runtime.close();
      fromClient.join();
    }
  }

  private static void copy(Duplex from, Duplex to) {
    byte[] bytes = new byte[COPY_BYTES];
    try {
      OutputStream out = to.output();
      int count = from.input().read(bytes);
      while (count >= 0) {
        out.write(bytes, 0, count);
        out.flush();
        count = from.input().read(bytes);
      }
    } catch (IOException e) {
      // Either side is gone; closing the other is all there is to do.
    }
  }

  private static void finish(Duplex runtime, CountDownLatch runtimeDone) {
    try {
      runtime.closeOutput();
      if (!runtimeDone.await(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS)) {
        runtime.close();
      }
    } catch (IOException | UnsupportedOperationException e) {
      runtime.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isTls(URI target) {
    return "https".equals(target.getScheme());
  }

  /** The streaming server's certificate is its own making; so TLS is for this host only. */
  private static Duplex secured(Socket raw, String host, int port) throws IOException {
    if (!IpAddresses.isLiteral(host) || !raw.getInetAddress().isLoopbackAddress()) {
      throw new IOException("the streaming server " + host + " cannot be verified");
    }
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new OwnHost()}, null);
      SSLSocket secured =
          (SSLSocket) context.getSocketFactory().createSocket(raw, host, port, true);
      return new SocketDuplex(secured, raw);
    } catch (GeneralSecurityException e) {
      throw new IOException("cannot set up TLS to the streaming server", e);
    }
  }

  private static final class OwnHost implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
