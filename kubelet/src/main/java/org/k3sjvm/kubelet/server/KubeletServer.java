package org.k3sjvm.kubelet.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Supplier;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.http.HttpLimits;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.http.ServerTls;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kubelet.pod.PodLookup;
import org.k3sjvm.kubelet.trace.PodStarts;

/**
 * The kubelet's API. Every request, whatever its path, is authenticated and then authorized by the
 * API server before anything else is looked at.
 */
public final class KubeletServer implements AutoCloseable {
  private static final int MAX_CONNECTIONS = 512;
  private static final long MAX_BODY_BYTES = 64 * 1024;

  /** A paused {@code kubectl logs -f} stays; the same as upstream's write timeout. */
  private static final Duration WRITE = Duration.ofHours(4);

  private final Authenticator authenticator;
  private final Authorizer authorizer;
  private final Routes routes;
  private final HttpServer server;

  private KubeletServer(
      KubeletServerConfig config,
      ServerTls tls,
      KubeApi api,
      PodLookup pods,
      ContainerRuntime runtime,
      PodStarts starts,
      Supplier<String> metrics)
      throws IOException {
    this.authenticator = new Authenticator(api, System::nanoTime);
    this.authorizer = new Authorizer(api, config.nodeName(), System::nanoTime);
    this.routes =
        new Routes(
            new ContainerLogs(pods, InstantSource.system(), Sleeper.SYSTEM),
            new Streams(pods, runtime),
            new PodLists(pods, runtime),
            new Numbers(config.nodeName(), pods, runtime, starts, metrics, InstantSource.system()),
            new HostLogs(config.hostLogs()),
            config);
    this.server =
        HttpServer.start(
            new HttpServerConfig(
                "kubelet-api",
                config.listen(),
                Optional.of(tls),
                HttpLimits.DEFAULTS
                    .withConnections(MAX_CONNECTIONS)
                    .withBodyBytes(MAX_BODY_BYTES)
                    .withWrite(WRITE)),
            this::handle);
  }

  /**
   * Serves until closed.
   *
   * @param tls what to show; its client authorities are those of the API server's own certificate.
   *     Both may be replaced while the server runs
   * @param api asked about tokens and rights, with the kubelet's credentials
   * @param metrics of others, shown with the kubelet's own
   * @throws IOException when the port is taken; the message names it
   */
  public static KubeletServer start(
      KubeletServerConfig config,
      ServerTls tls,
      KubeApi api,
      PodLookup pods,
      ContainerRuntime runtime,
      PodStarts starts,
      Supplier<String> metrics)
      throws IOException {
    return new KubeletServer(config, tls, api, pods, runtime, starts, metrics);
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.address();
  }

  @Override
  public void close() {
    server.close();
  }

  private void handle(Request request, Response response) throws IOException, InterruptedException {
    try {
      Optional<User> user = authenticator.authenticate(request);
      if (user.isEmpty()) {
        throw new ApiError(401, "Unauthorized");
      }
      authorizer.require(user.get(), request);
      routes.handle(request, response);
    } catch (ApiError e) {
      if (response.committed()) {
        throw new IOException(e.text(), e);
      }
      response.send(e.status(), "text/plain; charset=utf-8", e.text());
    }
  }
}
