package org.k3sjvm.lb;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;

/**
 * A proxy on the way to the servers: HTTP's CONNECT, over TCP or TLS, or SOCKS5. Name and password
 * in its URL are not sent. Source: k3s v1.36.3 pkg/agent/loadbalancer/httpproxy.go, RFC 9110
 * section 9.3.6, RFC 1928.
 */
final class ProxyHop {
  private static final int MAX_ANSWER_BYTES = 8 * 1024;
  private static final int SOCKS_CONNECT = 1;
  private static final int SOCKS_IPV4 = 1;
  private static final int SOCKS_NAME = 3;
  private static final int SOCKS_IPV6 = 4;

  private enum Kind {
    HTTP(8080),
    HTTPS(443),
    SOCKS5(1080);

    private final int defaultPort;

    Kind(int defaultPort) {
      this.defaultPort = defaultPort;
    }
  }

  private final Kind kind;
  private final HostPort address;

  /**
   * A hop to a proxy by its URL.
   *
   * @throws LbException when it is of a kind that is not known
   */
  ProxyHop(URI proxy) {
    String scheme = String.valueOf(proxy.getScheme()).toUpperCase(Locale.ROOT);
    this.kind =
        switch (scheme) {
          case "HTTP" -> Kind.HTTP;
          case "HTTPS" -> Kind.HTTPS;
          case "SOCKS5" -> Kind.SOCKS5;
          default ->
              throw new LbException(
                  "the proxy %s://%s is of no kind that is known; HTTPS_PROXY may begin with http://, https:// or socks5://"
                      .formatted(proxy.getScheme(), proxy.getHost()));
        };
    if (proxy.getHost() == null) {
      throw new LbException("the proxy in HTTPS_PROXY has no host name that can be read");
    }
    this.address =
        HostPort.parse(
            proxy.getHost() + (proxy.getPort() < 0 ? "" : ":" + proxy.getPort()), kind.defaultPort);
  }

  HostPort address() {
    return address;
  }

  /**
   * Makes the proxy connect to a server.
   *
   * @param socket connected to the proxy; the caller's to close when this fails
   */
  Socket lead(Socket socket, HostPort server, Duration limit) throws IOException {
    socket.setSoTimeout((int) limit.toMillis());
    Socket through = kind == Kind.HTTPS ? secured(socket) : socket;
    if (kind == Kind.SOCKS5) {
      askBySocks(through, server);
    } else {
      askByHttp(through, server);
    }
    through.setSoTimeout(0);
    return through;
  }

  private Socket secured(Socket socket) throws IOException {
    SSLSocket secured =
        (SSLSocket)
            ((SSLSocketFactory) SSLSocketFactory.getDefault())
                .createSocket(socket, address.host(), address.port(), true);
    SSLParameters parameters = secured.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    secured.setSSLParameters(parameters);
    secured.startHandshake();
    return secured;
  }

  private void askByHttp(Socket socket, HostPort server) throws IOException {
    socket
        .getOutputStream()
        .write(
            "CONNECT %1$s HTTP/1.1\r\nHost: %1$s\r\n\r\n"
                .formatted(server)
                .getBytes(StandardCharsets.US_ASCII));
    String head = head(socket.getInputStream());
    String line = head.lines().findFirst().orElse("");
    if (!line.matches("HTTP/1\\.[01] 200( .*)?")) {
      throw new IOException("the proxy %s answered '%s'".formatted(address, line.strip()));
    }
  }

  /** Byte by byte, since what follows the empty line is the server's. */
  private static String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int matched = 0;
    while (matched < 4) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("the proxy ended the connection");
      }
      if (head.size() >= MAX_ANSWER_BYTES) {
        throw new IOException("the proxy's answer is too long");
      }
      head.write(b);
      boolean wanted = b == (matched % 2 == 0 ? '\r' : '\n');
      matched = wanted ? matched + 1 : b == '\r' ? 1 : 0;
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  private void askBySocks(Socket socket, HostPort server) throws IOException {
    InputStream in = socket.getInputStream();
    socket.getOutputStream().write(new byte[] {5, 1, 0}); // version, one method: no name
    byte[] method = exactly(in, 2);
    if (method[0] != 5 || method[1] != 0) {
      throw new IOException("the proxy %s asks for a name and password".formatted(address));
    }
    ByteBuffer request = ByteBuffer.allocate(4 + 1 + 255 + 2);
    request.put(new byte[] {5, SOCKS_CONNECT, 0});
    if (IpAddresses.isLiteral(server.host())) {
      InetAddress ip = IpAddresses.parse(server.host());
      request.put((byte) (ip.getAddress().length == 4 ? SOCKS_IPV4 : SOCKS_IPV6));
      request.put(ip.getAddress());
    } else {
      byte[] name = server.host().getBytes(StandardCharsets.US_ASCII);
      if (name.length > 255) {
        throw new IOException("the server's name is too long for SOCKS");
      }
      request.put((byte) SOCKS_NAME).put((byte) name.length).put(name);
    }
    request.putShort((short) server.port());
    socket.getOutputStream().write(request.array(), 0, request.position());
    byte[] answer = exactly(in, 4);
    if (answer[1] != 0) {
      throw new IOException(
          "the proxy %s cannot reach the server: SOCKS answer %d".formatted(address, answer[1]));
    }
    int bound =
        switch (answer[3]) {
          case SOCKS_IPV4 -> 4;
          case SOCKS_IPV6 -> 16;
          case SOCKS_NAME -> exactly(in, 1)[0] & 0xff;
          default -> throw new IOException("the proxy %s speaks no SOCKS5".formatted(address));
        };
    var _ = exactly(in, bound + 2);
  }

  private static byte[] exactly(InputStream in, int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException("the proxy ended the connection");
    }
    return bytes;
  }
}
