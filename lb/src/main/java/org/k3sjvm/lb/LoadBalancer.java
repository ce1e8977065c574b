package org.k3sjvm.lb;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A local address whose TCP connections go, byte for byte, to the server that {@link ServerTable}
 * prefers. It listens from {@link #open} to {@link #close}. Any thread may call any method.
 */
public final class LoadBalancer implements Service, AutoCloseable {
  /** Source: k3s v1.36.3 pkg/agent/loadbalancer, runHealthChecks. */
  static final Duration HEALTH_PERIOD = Duration.ofSeconds(1);

  /** Connections beyond are closed at once; agents have a few dozen. */
  static final int MAX_CONNECTIONS = 1024;

  /** How long another server is tried first when one's answers were of no use; then ever longer. */
  static final Duration REJECTED_FOR = Duration.ofSeconds(10);

  private static final Duration REJECTED_AT_MOST = Duration.ofMinutes(5);

  /** A server that comes and goes is told of once in so long. */
  private static final Duration QUIET = Duration.ofMinutes(5);

  private static final Duration ACCEPT_RETRY = Duration.ofMillis(200);
  private static final Logger log = LoggerFactory.getLogger(LoadBalancer.class);

  private final LbConfig config;
  private final HealthSource health;
  private final InstantSource clock;
  private final StateFile stateFile;
  private final List<ServerSocketChannel> listeners;
  private final HostPort local;
  private final ServiceGroup group;
  private final Dialer dialer;
  private final Probes probes;
  private final DialTimes dialTimes = new DialTimes();
  private final Object lock = new Object();
  private final Object saving = new Object();

  @GuardedBy("lock")
  private ServerTable table = ServerTable.empty();

  @GuardedBy("lock")
  private final Set<Connection> connections = new HashSet<>();

  /** The last fault of each server that has not worked since. */
  @GuardedBy("lock")
  private final Map<HostPort, String> faults = new LinkedHashMap<>();

  @GuardedBy("lock")
  private boolean nudged;

  /** Who took the newest connection, until that is rejected. */
  @GuardedBy("lock")
  private Optional<HostPort> newest = Optional.empty();

  @GuardedBy("lock")
  private final Map<HostPort, Rejection> rejections = new HashMap<>();

  @GuardedBy("lock")
  private final Map<Change, Instant> told = new HashMap<>();

  /** Why each server failed last, also when it works again. */
  @GuardedBy("lock")
  private final Map<HostPort, Failure> failures = new HashMap<>();

  /** Why a server became FAILED. */
  public record Failure(Instant at, String reason) {}

  private record Rejection(Instant until, Duration length) {}

  private record Change(HostPort server, ServerState to) {}

  private LoadBalancer(
      LbConfig config,
      HealthSource health,
      InstantSource clock,
      List<ServerSocketChannel> listeners,
      Dialer dialer,
      Probe probe) {
    this.dialer = dialer;
    this.config = config;
    this.health = health;
    this.clock = clock;
    this.listeners = listeners;
    this.stateFile = new StateFile(config.stateFile(), config.scheme());
    this.local =
        new HostPort(
            config.ipv6First() ? "::1" : "127.0.0.1", Listeners.port(listeners.getFirst()));
    this.group = ServiceGroup.open(config.name());
    this.probes = new Probes(probe, clock, group, this::healthChanged);
  }

  /**
   * Listens, and loads the servers that were known last.
   *
   * @throws LbException when the port cannot be had, or the proxy not used; the message names the
   *     option to change
   */
  public static LoadBalancer open(LbConfig config, HealthSource health, InstantSource clock) {
    return open(config, health, clock, new TlsProbe(new Dialer(config.proxy())));
  }

  static LoadBalancer open(LbConfig config, HealthSource health, InstantSource clock, Probe probe) {
    Dialer dialer = new Dialer(config.proxy());
    LoadBalancer lb =
        new LoadBalancer(config, health, clock, Listeners.open(config), dialer, probe);
    lb.start();
    return lb;
  }

  private void start() {
    if (!config.defaultServer().equals(local)) {
      synchronized (lock) {
        table = table.on(new ServerTable.Event.Default(config.defaultServer()), now()).table();
      }
    }
    stateFile
        .load(defaultServer())
        .ifPresentOrElse(this::update, () -> apply(List.of(new ServerTable.Effect.SaveState())));
    for (ServerSocketChannel listener : listeners) {
      group.start("accept", () -> accept(listener));
    }
    group.start("health", this::watchHealth);
    log.atInfo()
        .addKeyValue("lb", config.name())
        .addKeyValue("address", local)
        .addKeyValue("default", config.defaultServer())
        .addKeyValue("servers", servers().size())
        .log("load balancer listens");
  }

  /** The address that clients connect to. */
  public HostPort localEndpoint() {
    return local;
  }

  public URI localUrl() {
    return URI.create(config.scheme() + "://" + local);
  }

  /** The cluster's servers are these, in any order; connections to others are closed. */
  public void update(List<HostPort> members) {
    on(new ServerTable.Event.Members(List.copyOf(members)));
  }

  /** The configured server is another one from now on. */
  public void setDefault(HostPort server) {
    on(new ServerTable.Event.Default(server));
  }

  /** Asks the health source now; call it when its answer changed, to save up to a second. */
  public void healthChanged() {
    synchronized (lock) {
      nudged = true;
      lock.notifyAll();
    }
  }

  /**
   * A server as metrics show it.
   *
   * @param connections open ones
   * @param lastFailure also when it works again
   */
  public record ServerView(
      HostPort address, ServerState state, int connections, Optional<Failure> lastFailure) {}

  /** All servers in dialling order. */
  public List<ServerView> servers() {
    List<ServerView> views = new ArrayList<>();
    synchronized (lock) {
      for (ServerTable.Server server : table.servers()) {
        Optional<Failure> last = Optional.ofNullable(failures.get(server.address()));
        views.add(new ServerView(server.address(), server.state(), server.connections(), last));
      }
    }
    return List.copyOf(views);
  }

  /** Servers that did not answer when last dialled, each with the reason; empty when all did. */
  public Optional<String> lastFailures() {
    synchronized (lock) {
      return faults.isEmpty()
          ? Optional.empty()
          : Optional.of(
              faults.entrySet().stream()
                  .map(fault -> fault.getKey() + ": " + fault.getValue())
                  .collect(Collectors.joining(", ")));
    }
  }

  /**
   * What the server of the newest connection answered was of no use: another is tried next, if
   * there is one, for a while.
   */
  public void rejectNewest() {
    synchronized (lock) {
      if (newest.isEmpty()) {
        return;
      }
      HostPort server = newest.get();
      newest = Optional.empty();
      Rejection before = rejections.get(server);
      Duration length = before == null ? REJECTED_FOR : before.length().multipliedBy(2);
      length = length.compareTo(REJECTED_AT_MOST) > 0 ? REJECTED_AT_MOST : length;
      rejections.put(server, new Rejection(now().plus(length), length));
    }
    healthChanged();
  }

  /** As in the state file's name. */
  public String name() {
    return config.name();
  }

  DialTimes dialTimes() {
    return dialTimes;
  }

  /** Blocks until {@link #close}, or until listening fails. */
  @Override
  public void run() throws InterruptedException {
    group.await();
  }

  /** Closes the listener and every connection; returns when all threads have ended. */
  @Override
  public void close() {
    for (ServerSocketChannel listener : listeners) {
      try {
        listener.close();
      } catch (IOException e) {
        log.atDebug().setCause(e).addKeyValue("lb", config.name()).log("cannot close a listener");
      }
    }
    group.stop();
    List<Connection> open;
    synchronized (lock) {
      open = List.copyOf(connections);
    }
    open.forEach(Connection::close);
    group.close();
  }

  private void accept(ServerSocketChannel listener) throws InterruptedException, IOException {
    while (true) {
      SocketChannel client;
      try {
        client = listener.accept();
      } catch (ClosedByInterruptException e) {
        throw asInterrupt(e);
      } catch (IOException e) {
        if (!listener.isOpen()) {
          throw asInterrupt(e);
        }
        log.atWarn()
            .addKeyValue("lb", config.name())
            .addKeyValue("cause", e.getMessage())
            .log("cannot accept a connection, retrying");
        Thread.sleep(ACCEPT_RETRY);
        continue;
      }
      try {
        group.start("connection", () -> forward(client));
      } catch (IllegalStateException e) {
        client.close();
        throw asInterrupt(e);
      }
    }
  }

  private static InterruptedException asInterrupt(Exception cause) {
    InterruptedException stop = new InterruptedException("the listener was closed");
    stop.initCause(cause);
    return stop;
  }

  private void forward(SocketChannel channel) throws InterruptedException {
    try (channel) {
      Socket client = channel.socket();
      Dialer.prepare(client, Dialer.CLIENT_KEEPALIVE);
      Optional<Connection> dialled = dialAny(client);
      if (dialled.isPresent()) {
        Connection connection = dialled.get();
        try {
          group.start("answers", connection::copyAnswers);
          connection.copyRequests();
        } finally {
          connection.close();
          forget(connection);
        }
      }
    } catch (IOException | IllegalStateException e) {
      log.atDebug().setCause(e).addKeyValue("lb", config.name()).log("connection refused");
    }
  }

  private Optional<Connection> dialAny(Socket client) throws InterruptedException {
    List<ServerTable.Server> order;
    synchronized (lock) {
      if (connections.size() >= MAX_CONNECTIONS) {
        log.atWarn()
            .addKeyValue("lb", config.name())
            .addKeyValue("limit", MAX_CONNECTIONS)
            .log("too many connections, refusing one");
        return Optional.empty();
      }
      order = table.servers();
    }
    Optional<DialRace.Winner> won = new DialRace(dialer, group, this::recordFault).run(order);
    if (won.isEmpty()) {
      return Optional.empty();
    }
    DialRace.Winner winner = won.get();
    dialTimes.add(winner.took(), true);
    passedOver(winner.server(), order);
    return Optional.of(remember(new Connection(winner.server(), client, winner.socket())));
  }

  /** Servers that had worked and were too slow to be waited for. */
  private void passedOver(HostPort winner, List<ServerTable.Server> order) {
    for (ServerTable.Server server : order) {
      if (server.address().equals(winner)) {
        return;
      }
      if (server.state().compareTo(ServerState.RECOVERING) > 0) {
        on(new ServerTable.Event.DialFailed(server.address()));
      }
    }
  }

  private void recordFault(HostPort server, IOException fault, Duration took) {
    String reason = Dialer.describe(fault);
    dialTimes.add(took, false);
    log.atDebug()
        .addKeyValue("lb", config.name())
        .addKeyValue("server", server)
        .addKeyValue("cause", reason)
        .log("server does not answer");
    Instant began = now().minus(took);
    synchronized (lock) {
      if (table.find(server).filter(found -> hasWorkedSince(found, began)).isPresent()) {
        return; // another dial was newer
      }
      faults.put(server, reason);
    }
    on(new ServerTable.Event.DialFailed(server));
  }

  private static boolean hasWorkedSince(ServerTable.Server server, Instant time) {
    return server.state().compareTo(ServerState.UNCHECKED) > 0 && server.since().isAfter(time);
  }

  /** The connection is known before its event, so that an effect can close it. */
  private Connection remember(Connection connection) {
    synchronized (lock) {
      connections.add(connection);
      faults.remove(connection.server());
      newest = Optional.of(connection.server());
    }
    on(new ServerTable.Event.DialOk(connection.server()));
    return connection;
  }

  private void forget(Connection connection) {
    synchronized (lock) {
      connections.remove(connection);
    }
    on(new ServerTable.Event.Closed(connection.server()));
  }

  private void watchHealth() throws InterruptedException {
    while (true) {
      pollHealth();
      synchronized (lock) {
        long deadline = System.nanoTime() + HEALTH_PERIOD.toNanos();
        while (!nudged) {
          long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
          if (table.members().isEmpty()) {
            lock.wait(); // a server in reserve has no health; new members nudge
          } else if (leftMillis > 0) {
            lock.wait(leftMillis);
          } else {
            break;
          }
        }
        nudged = false;
      }
    }
  }

  /** One round of the health watch. */
  void pollHealth() {
    List<HostPort> members;
    synchronized (lock) {
      members = table.members();
    }
    for (HostPort server : members) {
      Health known = health.healthOf(server);
      if (known == Health.OK) {
        forgive(server);
        on(new ServerTable.Event.HealthOk(server));
        continue;
      }
      if (known == Health.FAILED) {
        on(new ServerTable.Event.HealthFailed(server));
      }
      boolean bad = known == Health.UNUSABLE || isRejected(server);
      Health probed = bad ? Health.UNUSABLE : probes.of(server);
      if (probed == Health.UNUSABLE) {
        tellFault(server);
        on(new ServerTable.Event.Unusable(server));
      } else if (known == Health.UNKNOWN && probed == Health.OK) {
        on(new ServerTable.Event.HealthOk(server));
      }
    }
    probes.keep(members);
  }

  private void tellFault(HostPort server) {
    probes
        .faultOf(server)
        .ifPresent(
            fault -> {
              synchronized (lock) {
                faults.put(server, fault);
              }
            });
  }

  private boolean isRejected(HostPort server) {
    synchronized (lock) {
      Rejection rejection = rejections.get(server);
      return rejection != null && now().isBefore(rejection.until());
    }
  }

  private void forgive(HostPort server) {
    synchronized (lock) {
      rejections.remove(server);
    }
  }

  private void on(ServerTable.Event event) {
    ServerTable before;
    ServerTable.Step step;
    synchronized (lock) {
      before = table;
      step = table.on(event, now());
      ServerTable after = step.table();
      table = after;
      noteFailures(before, after, event);
      failures.keySet().removeIf(server -> after.find(server).isEmpty());
      faults.keySet().removeIf(server -> after.find(server).isEmpty());
      rejections.keySet().removeIf(server -> after.find(server).isEmpty());
      told.keySet().removeIf(change -> after.find(change.server()).isEmpty());
      if (!before.members().equals(after.members())) {
        nudged = true;
        lock.notifyAll();
      }
    }
    logChanges(before, step.table(), event);
    apply(step.effects());
  }

  @GuardedBy("lock")
  private void noteFailures(ServerTable before, ServerTable after, ServerTable.Event event) {
    for (ServerTable.Server server : after.servers()) {
      boolean fresh =
          server.state() == ServerState.FAILED
              && before.find(server.address()).filter(b -> b.state() != server.state()).isPresent();
      if (fresh) {
        String known = faults.getOrDefault(server.address(), "");
        String reason =
            switch (event) {
              case ServerTable.Event.HealthFailed(HostPort _) -> "its tunnel is down";
              case ServerTable.Event.DialFailed(HostPort _) ->
                  known.isEmpty() ? "another server answered sooner" : known;
              case ServerTable.Event.Unusable(HostPort _) ->
                  known.isEmpty() ? "its answers are of no use" : known;
              case ServerTable.Event.DialOk _,
                  ServerTable.Event.HealthOk _,
                  ServerTable.Event.Closed _,
                  ServerTable.Event.Members _,
                  ServerTable.Event.Default _ ->
                  known;
            };
        failures.put(server.address(), new Failure(now(), reason));
      }
    }
  }

  private void apply(List<ServerTable.Effect> effects) {
    for (ServerTable.Effect effect : effects) {
      switch (effect) {
        case ServerTable.Effect.CloseConnections(HostPort server) -> closeConnections(server);
        case ServerTable.Effect.SaveState() -> save();
      }
    }
  }

  private void closeConnections(HostPort server) {
    List<Connection> closing = new ArrayList<>();
    synchronized (lock) {
      for (Connection connection : connections) {
        if (connection.server().equals(server)) {
          closing.add(connection);
        }
      }
    }
    closing.forEach(Connection::close);
  }

  private void save() {
    synchronized (saving) {
      ServerTable current;
      synchronized (lock) {
        current = table;
      }
      stateFile.save(current.defaultServer(), current.members());
    }
  }

  private Optional<HostPort> defaultServer() {
    synchronized (lock) {
      return table.defaultServer();
    }
  }

  private void logChanges(ServerTable before, ServerTable after, ServerTable.Event event) {
    for (ServerTable.Server server : after.servers()) {
      ServerState from =
          before.find(server.address()).map(ServerTable.Server::state).orElse(ServerState.INVALID);
      if (from != server.state()) {
        log.atLevel(isNews(server) ? Level.INFO : Level.DEBUG)
            .addKeyValue("lb", config.name())
            .addKeyValue("server", server.address())
            .addKeyValue("from", from)
            .addKeyValue("to", server.state())
            .addKeyValue("reason", event.getClass().getSimpleName())
            .log("server state changed");
      }
    }
  }

  private boolean isNews(ServerTable.Server server) {
    Change change = new Change(server.address(), server.state());
    Instant now = now();
    synchronized (lock) {
      Instant last = told.get(change);
      if (last != null && now.isBefore(last.plus(QUIET))) {
        return false;
      }
      told.put(change, now);
      return true;
    }
  }

  private Instant now() {
    return clock.instant();
  }
}
