package org.k3sjvm.http;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * What a client asks.
 *
 * @param method upper case as sent
 * @param target path and query
 * @param headers as sent
 * @param clientCertificates the client's chain, leaf first, when it proved to hold the key and the
 *     chain ends at an authority of {@link ServerTls}; empty for everybody else
 * @param remote where the connection comes from
 * @param body ends with the request's body; reading more than the limit throws {@link
 *     BodyTooLargeException}
 */
public record Request(
    String method,
    RequestTarget target,
    Headers headers,
    Optional<List<X509Certificate>> clientCertificates,
    InetSocketAddress remote,
    InputStream body) {

  public Request {
    clientCertificates = clientCertificates.map(List::copyOf);
  }

  /** The decoded path, such as {@code /api/v1/pods}. */
  public String path() {
    return target.path();
  }

  /** The decoded path between its slashes, empty parts left out. */
  public List<String> segments() {
    return target.segments();
  }

  public Query query() {
    return target.query();
  }

  /** The verified leaf certificate of the client. */
  public Optional<X509Certificate> clientCertificate() {
    return clientCertificates.map(List::getFirst);
  }

  /**
   * The whole body.
   *
   * @throws BodyTooLargeException when it is longer than the server's limit
   */
  public byte[] bodyBytes() throws IOException {
    return body.readAllBytes();
  }
}
