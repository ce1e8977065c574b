package org.k3sjvm.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.ServerTls;
import org.k3sjvm.server.api.access.Authenticator;
import org.k3sjvm.server.api.local.LocalKubeApi;
import org.k3sjvm.server.auth.Authentication;
import org.k3sjvm.server.auth.BootstrapTokens;
import org.k3sjvm.server.auth.NodePasswords;
import org.k3sjvm.server.auth.NodeProof;
import org.k3sjvm.server.auth.Passwords;
import org.k3sjvm.server.auth.StoredNodePasswords;
import org.k3sjvm.server.control.ControlConfig;
import org.k3sjvm.server.control.Controllers;
import org.k3sjvm.server.control.node.PodNetworks;
import org.k3sjvm.server.pki.ClusterPki;
import org.k3sjvm.server.supervisor.StoredClusterState;
import org.k3sjvm.server.supervisor.SupervisorHandler;
import org.k3sjvm.tunnel.TunnelServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The embedded server on one port: keys and tokens, control plane, tunnels, supervisor,
 * controllers. It serves from {@link #open} to {@link #close}; {@link #run} carries the
 * controllers.
 */
public final class Server implements Service, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Server.class);

  private final ServerConfig config;
  private final ClusterPki pki;
  private final ControlPlane plane;
  private final TunnelServer tunnels;
  private final HttpServer http;
  private final InstantSource clock;
  private final AtomicBoolean ready;

  private Server(
      ServerConfig config,
      ClusterPki pki,
      ControlPlane plane,
      TunnelServer tunnels,
      HttpServer http,
      InstantSource clock,
      AtomicBoolean ready) {
    this.config = config;
    this.pki = pki;
    this.plane = plane;
    this.tunnels = tunnels;
    this.http = http;
    this.clock = clock;
    this.ready = ready;
  }

  /**
   * Opens the files and listens.
   *
   * @throws org.k3sjvm.base.pki.PkiException when keys or tokens cannot be read or written
   * @throws IOException when it cannot listen; the message names the address
   */
  public static Server open(ServerConfig config, InstantSource clock) throws IOException {
    SecureRandom random = new SecureRandom();
    ClusterPki pki = ClusterPki.open(config.pki(), clock, random);
    TunnelServer tunnels = new TunnelServer();
    ControlPlane plane =
        ControlPlane.open(
            controlPlane(config, pki), List.of(), new TunnelKubelets(tunnels, pki), clock);
    AtomicBoolean ready = new AtomicBoolean();
    try {
      SupervisorHandler supervisor =
          new SupervisorHandler(
              config.supervisor(),
              pki,
              clock,
              Authentication.inOrder(
                  new Passwords(pki.tokens()),
                  Authenticator.anyOf(
                      List.of(plane.tokens(), new BootstrapTokens(plane.registry(), clock)))),
              new NodeProof(new NodePasswords(new StoredNodePasswords(plane.registry()), random)),
              new StoredClusterState(plane.registry(), ready::get),
              (node, request, response) -> tunnels.accept(request, response, node),
              plane.api());
      ServerTls tls = new ServerTls(pki.serving(), List.of(pki.clientCa().certificate()));
      HttpServer http =
          HttpServer.start(
              new HttpServerConfig("server", config.listen(), Optional.of(tls)), supervisor);
      log.atInfo()
          .addKeyValue("address", http.address())
          .addKeyValue("token", pki.files().token())
          .addKeyValue("kubeconfig", config.kubeconfig())
          .log("k3s server listens");
      return new Server(config, pki, plane, tunnels, http, clock, ready);
    } catch (IOException | RuntimeException e) {
      plane.close();
      throw e;
    }
  }

  private static ControlPlaneConfig controlPlane(ServerConfig config, ClusterPki pki)
      throws IOException {
    Path database = config.directory().resolve("db");
    AtomicFiles.makeDirectory(database, "rwx------");
    return new ControlPlaneConfig(
        database.resolve("state.db"),
        config.clusterCidr(),
        config.serviceCidr(),
        config.clusterDomain(),
        pki.serviceKey(),
        pki.serverCaPem(),
        config.advertiseAddress(),
        config.listen().port(),
        ControlPlaneConfig.DEFAULT_VERSION);
  }

  /** Where it listens, with the port that was chosen. */
  public InetSocketAddress address() {
    return http.address();
  }

  /** What an agent needs beside the URL. */
  public Secret agentToken() {
    return pki.agentToken();
  }

  /** Runs the controllers until interrupted, or until one fails. */
  @Override
  public void run() throws InterruptedException {
    Controllers controllers =
        new Controllers(
            new LocalKubeApi(plane.registry(), clock),
            new ControlConfig(
                PodNetworks.of(List.of(config.clusterCidr())), true, pki::serverCaPem));
    try (ServiceGroup group = ServiceGroup.open("server")) {
      group.start("controllers", controllers);
      group.start("housekeeping", new Housekeeping(plane.registry(), clock, Sleeper.SYSTEM));
      ready.set(true);
      group.await();
    } finally {
      ready.set(false);
    }
  }

  /** Stops serving; requests in work may end. */
  @Override
  public void close() {
    tunnels.close();
    http.close();
    plane.close();
  }
}
