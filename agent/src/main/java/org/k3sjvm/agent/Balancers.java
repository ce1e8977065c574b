package org.k3sjvm.agent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.ServerProxy;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.join.ServerSettings;
import org.k3sjvm.lb.HealthSource;
import org.k3sjvm.lb.LbConfig;
import org.k3sjvm.lb.LbMetrics;
import org.k3sjvm.lb.LoadBalancer;
import org.k3sjvm.lb.ServerState;

/**
 * The load balancer in front of the supervisors and, where API servers listen on a port of their
 * own, a second one in front of those; or none, and the server that was configured is all there is.
 * Any thread may call. Source: k3s v1.36.3 pkg/agent/proxy.
 */
final class Balancers implements AutoCloseable {
  private final URI configured;
  private final HostPort server;
  private final Path agentDirectory;
  private final boolean ipv6First;
  private final HealthSource health;
  private final Optional<LoadBalancer> supervisors;
  private final Object lock = new Object();

  /** API servers listen on another port than supervisors. */
  @GuardedBy("lock")
  private boolean apart;

  @GuardedBy("lock")
  private @Nullable LoadBalancer apiServers;

  private final Optional<URI> proxy;

  private Balancers(AgentConfig config, boolean ipv6First, HealthSource health) {
    this.proxy = ServerProxy.of(System.getenv(), config.server());
    this.configured = config.server();
    this.server = new HostPort(bare(config.server().getHost()), config.server().getPort());
    this.agentDirectory = config.agentDir();
    this.ipv6First = ipv6First;
    this.health = health;
    this.supervisors =
        config.loadBalancing()
            ? Optional.of(
                LoadBalancer.open(
                    LbConfig.supervisor(
                            server, config.loadBalancerPort(), ipv6First, agentDirectory)
                        .through(proxy),
                    health,
                    InstantSource.system()))
            : Optional.empty();
  }

  /**
   * Listens for supervisor requests.
   *
   * @throws org.k3sjvm.lb.LbException when the port is taken; the message names the flag
   * @throws org.k3sjvm.agent.config.UsageException when the environment's proxy cannot be used
   */
  static Balancers open(AgentConfig config, HealthSource health) {
    boolean ipv6First =
        config.nodeIps().stream().findFirst().filter(address -> address.contains(":")).isPresent();
    return new Balancers(config, ipv6First, health);
  }

  /** Blocks until closed, or until listening fails. */
  void run() throws InterruptedException {
    if (supervisors.isPresent()) {
      supervisors.get().run();
    } else {
      Thread.sleep(Duration.ofDays(365_000));
    }
  }

  URI supervisorUrl() {
    return supervisors.map(LoadBalancer::localUrl).orElse(configured);
  }

  /**
   * Where the Kubernetes API is reached; opens the second load balancer when the server's settings
   * ask for one.
   */
  URI apiServerUrl(ServerSettings settings) {
    if (!settings.separateApiServerPort()) {
      return supervisorUrl();
    }
    HostPort apiServer = new HostPort(server.host(), settings.apiServerPort());
    synchronized (lock) {
      apart = true;
      if (supervisors.isEmpty()) {
        return URI.create("https://" + apiServer);
      }
      if (apiServers == null) {
        apiServers =
            LoadBalancer.open(
                LbConfig.apiServer(
                        apiServer,
                        supervisors.get().localEndpoint().port(),
                        ipv6First,
                        agentDirectory)
                    .through(proxy),
                health,
                InstantSource.system());
      }
      return apiServers.localUrl();
    }
  }

  /**
   * The cluster's API servers are these. Supervisors listen on the same hosts, on the port of
   * {@code --server} if it differs.
   */
  void update(List<HostPort> servers) {
    synchronized (lock) {
      if (apiServers == null) {
        supervisors.ifPresent(balancer -> balancer.update(servers));
      } else {
        apiServers.update(servers);
        List<HostPort> others = servers.stream().map(this::supervisorOf).toList();
        supervisors.ifPresent(balancer -> balancer.update(others));
      }
    }
  }

  /** The supervisor on the host of an API server. */
  HostPort supervisorOf(HostPort apiServer) {
    synchronized (lock) {
      return apart ? new HostPort(apiServer.host(), server.port()) : apiServer;
    }
  }

  /** Makes a change of a tunnel's health count at once. */
  void healthChanged() {
    supervisors.ifPresent(LoadBalancer::healthChanged);
    synchronized (lock) {
      if (apiServers != null) {
        apiServers.healthChanged();
      }
    }
  }

  /** The supervisors, in dialling order. */
  List<LoadBalancer.ServerView> servers() {
    return supervisors.map(LoadBalancer::servers).orElse(List.of());
  }

  /** The API servers, where they have a balancer of their own. */
  List<LoadBalancer.ServerView> apiServers() {
    synchronized (lock) {
      return apiServers == null ? List.of() : apiServers.servers();
    }
  }

  /** Why servers could not be reached lately. */
  Optional<String> lastFailures() {
    return balancers().stream()
        .flatMap(balancer -> balancer.lastFailures().stream())
        .collect(
            Collectors.collectingAndThen(
                Collectors.joining("; "), text -> Optional.of(text).filter(t -> !t.isEmpty())));
  }

  /** The server that was asked last is of no use; another is tried next, if there is one. */
  void rejectNewest() {
    supervisors.ifPresent(LoadBalancer::rejectNewest);
  }

  /** Supervisors to have tunnels to while nobody says more: the learned, else the configured. */
  List<HostPort> knownSupervisors() {
    List<HostPort> learned =
        servers().stream()
            .filter(known -> known.state() != ServerState.STANDBY)
            .map(LoadBalancer.ServerView::address)
            .sorted()
            .toList();
    return learned.isEmpty() ? List.of(server) : learned;
  }

  /** All of them, for metrics and for whoever asks how servers are; never blocks. */
  List<LoadBalancer> balancers() {
    synchronized (lock) {
      return Stream.of(supervisors, Optional.ofNullable(apiServers))
          .flatMap(Optional::stream)
          .toList();
    }
  }

  /** In Prometheus' text format. */
  String metrics() {
    return LbMetrics.text(balancers());
  }

  @Override
  public void close() {
    supervisors.ifPresent(LoadBalancer::close);
    synchronized (lock) {
      if (apiServers != null) {
        apiServers.close();
      }
    }
  }

  private static String bare(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }
}
