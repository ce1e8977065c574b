package org.k3sjvm.join;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server, one way to trust it, HTTP/1.1. A request ends within 10 s, an answer within 1 MiB.
 * Source: k3s v1.36.3 pkg/clientaccess/token.go, defaultClientTimeout.
 */
final class SupervisorHttp implements AutoCloseable {
  static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final long MAX_BODY_BYTES = 1 << 20;
  private static final Logger log = LoggerFactory.getLogger(SupervisorHttp.class);

  private final URI base;
  private final HttpClient client;

  /**
   * @param base scheme, host and port; a path is ignored
   */
  SupervisorHttp(URI base, SSLContext tls) {
    this.base = base;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(HttpClient.Builder.NO_PROXY)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(TIMEOUT)
            .sslContext(tls)
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .build();
  }

  /**
   * What the server said.
   *
   * @param date what its clock said, as an HTTP date
   */
  record Answer(
      URI url,
      int status,
      @SuppressWarnings("ArrayRecordComponent") byte[] body,
      Optional<String> date) {
    boolean ok() {
      return status / 100 == 2;
    }
  }

  Answer get(String path, Map<String, String> headers) throws IOException, InterruptedException {
    return send("GET", path, headers, Optional.empty());
  }

  /**
   * @throws IOException when no answer came, or not in time
   */
  Answer send(String method, String path, Map<String, String> headers, Optional<byte[]> body)
      throws IOException, InterruptedException {
    URI url = base.resolve(path);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(TIMEOUT)
            .method(
                method,
                body.map(HttpRequest.BodyPublishers::ofByteArray)
                    .orElseGet(HttpRequest.BodyPublishers::noBody));
    headers.forEach(request::header);
    HttpResponse<byte[]> response = await(request.build());
    response
        .headers()
        .allValues("Warning")
        .forEach(text -> log.atWarn().addKeyValue("text", text).log("warning from the server"));
    return new Answer(
        url, response.statusCode(), response.body(), response.headers().firstValue("Date"));
  }

  /** The client's own timeout ends with the head of the answer; this one covers the body too. */
  private HttpResponse<byte[]> await(HttpRequest request) throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> answer =
        client.sendAsync(
            request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_BODY_BYTES));
    try {
      return answer.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IOException("no answer within " + TIMEOUT.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } finally {
      answer.cancel(true);
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
