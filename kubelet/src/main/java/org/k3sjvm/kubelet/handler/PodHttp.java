package org.k3sjvm.kubelet.handler;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Asks over HTTP/1.1: a connection for each request, certificates not looked at, redirects
 * followed. Blocks; an interrupted virtual thread leaves with an exception.
 */
public final class PodHttp {
  /** Source: Go's net/http, defaultCheckRedirect. */
  private static final int REQUESTS = 10;

  private PodHttp() {}

  /** Which redirects are followed; an answer that points elsewhere is an answer otherwise. */
  public enum Follow {
    SAME_HOST,
    ALL
  }

  /**
   * Asks, and goes where answers point to.
   *
   * @param limit for all of it; zero for none
   * @throws HttpException when there is no whole answer; the text is for users
   * @throws InterruptedException also when the thread was interrupted while it waited for bytes
   */
  public static HttpAnswer get(HttpGet request, Follow follow, Duration limit)
      throws HttpException, InterruptedException {
    Deadline deadline = Deadline.in(limit);
    HttpGet now = request;
    for (int made = 1; ; made++) {
      HttpAnswer answer = once(now, deadline);
      if (!answer.redirects()) {
        return answer;
      }
      HttpGet next = now.redirected(answer.location().orElseThrow());
      if (follow == Follow.SAME_HOST && !next.host().equals(request.host())) {
        return answer;
      }
      if (made >= REQUESTS) {
        throw new HttpException("Get \"" + next.url() + "\": stopped after 10 redirects");
      }
      now = next;
    }
  }

  private static HttpAnswer once(HttpGet request, Deadline deadline)
      throws HttpException, InterruptedException {
    @Nullable PodSocket socket = null;
    try {
      socket = PodSocket.connect(request.host(), request.port(), deadline);
      Socket stream =
          request.tls() ? AnyCertificate.over(socket, request.host(), request.port()) : socket;
      stream.getOutputStream().write(request.head().getBytes(StandardCharsets.UTF_8));
      HttpAnswer answer = new ResponseReader(stream.getInputStream()).read();
      stream.close();
      return answer;
    } catch (IOException e) {
      if (socket != null) {
        socket.abort();
      }
      if (Thread.interrupted()) {
        InterruptedException interrupted = new InterruptedException();
        interrupted.initCause(e);
        throw interrupted;
      }
      throw e instanceof HttpException known ? known : failed(request, e);
    }
  }

  private static HttpException failed(HttpGet request, IOException e) {
    String text = Texts.exchange(e);
    return new HttpException(
        request.tls() && text.equals(Texts.HTTP_TO_HTTPS)
            ? HttpException.Stage.PLAIN_SERVER
            : HttpException.Stage.HEAD,
        "Get \"" + request.url() + "\": " + text,
        e);
  }
}
