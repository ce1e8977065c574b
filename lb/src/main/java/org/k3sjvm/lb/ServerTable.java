package org.k3sjvm.lb;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.k3sjvm.base.net.HostPort;

/**
 * Which servers there are and in which order to dial them: a value, changed by events.
 *
 * <p>A server that {@link Event.Unusable answers nobody} becomes FAILED and loses its connections
 * in every state but STANDBY, unless all others have failed too; the rest is:
 *
 * <pre>
 *              dial ok      health ok                    dial failed     health failed
 * UNCHECKED    RECOVERING   RECOVERING                   FAILED          -
 * FAILED       RECOVERING   RECOVERING                   -               -
 * RECOVERING   -            ACTIVE if connected,         FAILED          -
 *                           else PREFERRED
 * PREFERRED    ACTIVE       HEALTHY after a minute       FAILED, close   FAILED, close
 * HEALTHY      ACTIVE       -                            FAILED, close   FAILED, close
 * ACTIVE       -            -                            FAILED, close   FAILED, close
 * STANDBY      -            -                            -               -
 * </pre>
 *
 * A server that becomes ACTIVE closes the connections of FAILED, STANDBY, RECOVERING and HEALTHY
 * ones. Another ACTIVE one with more connections keeps its place and the newcomer is PREFERRED; one
 * with as many or fewer yields and is PREFERRED. Source: k3s v1.36.3
 * pkg/agent/loadbalancer/servers.go, recordSuccess and recordFailure.
 *
 * @param servers sorted: most preferred state first, then most connections
 */
record ServerTable(List<Server> servers) {
  /** How long a server stays PREFERRED without being dialled. */
  static final Duration PREFERRED_FOR = Duration.ofMinutes(1);

  private static final Comparator<Server> DIAL_ORDER =
      Comparator.comparing(Server::state)
          .thenComparing(Server::connections, Comparator.naturalOrder())
          .reversed();

  ServerTable {
    servers = servers.stream().sorted(DIAL_ORDER).toList();
  }

  /**
   * @param since when it entered its state
   * @param connections open ones
   * @param isDefault whether it is the configured server
   */
  record Server(
      HostPort address, ServerState state, Instant since, int connections, boolean isDefault) {
    private Server in(ServerState next, Instant now) {
      return new Server(address, next, now, connections, isDefault);
    }

    private Server with(int count) {
      return new Server(address, state, since, Math.max(0, count), isDefault);
    }

    private Server asDefault(boolean flag) {
      return new Server(address, state, since, connections, flag);
    }
  }

  /** Something that happened. */
  sealed interface Event {
    /** A connection was opened; it counts from now until {@link Closed}. */
    record DialOk(HostPort server) implements Event {}

    record DialFailed(HostPort server) implements Event {}

    record HealthOk(HostPort server) implements Event {}

    record HealthFailed(HostPort server) implements Event {}

    /** It takes connections, and answers none or nothing that is of use. */
    record Unusable(HostPort server) implements Event {}

    record Closed(HostPort server) implements Event {}

    /** The cluster's servers are these. */
    record Members(List<HostPort> addresses) implements Event {}

    /** The configured server is this. */
    record Default(HostPort server) implements Event {}
  }

  /** Something to do now. */
  sealed interface Effect {
    record CloseConnections(HostPort server) implements Effect {}

    /** Write the state file. */
    record SaveState() implements Effect {}
  }

  /**
   * @param effects in the order of carrying out; may be empty
   */
  record Step(ServerTable table, List<Effect> effects) {
    Step {
      effects = List.copyOf(effects);
    }
  }

  static ServerTable empty() {
    return new ServerTable(List.of());
  }

  /** The members, without a configured server that is only in reserve. */
  List<HostPort> members() {
    return servers.stream()
        .filter(server -> server.state() != ServerState.STANDBY)
        .map(Server::address)
        .toList();
  }

  Optional<Server> find(HostPort address) {
    return servers.stream().filter(server -> server.address().equals(address)).findFirst();
  }

  Optional<HostPort> defaultServer() {
    return servers.stream().filter(Server::isDefault).map(Server::address).findFirst();
  }

  Step on(Event event, Instant now) {
    return switch (event) {
      case Event.DialOk(HostPort address) -> dialOk(address, now);
      case Event.HealthOk(HostPort address) ->
          find(address).map(server -> healthOk(server, now)).orElseGet(this::same);
      case Event.DialFailed(HostPort address) ->
          find(address).map(server -> failed(server, true, now)).orElseGet(this::same);
      case Event.HealthFailed(HostPort address) ->
          find(address).map(server -> failed(server, false, now)).orElseGet(this::same);
      case Event.Unusable(HostPort address) ->
          find(address).map(server -> unusable(server, now)).orElseGet(this::same);
      case Event.Closed(HostPort address) ->
          just(edit(address, server -> server.with(server.connections() - 1)));
      case Event.Members(List<HostPort> addresses) -> members(addresses, now);
      case Event.Default(HostPort address) -> withDefault(address, now);
    };
  }

  private Step dialOk(HostPort address, Instant now) {
    if (find(address).isEmpty()) {
      return new Step(this, List.of(new Effect.CloseConnections(address)));
    }
    ServerTable counted = edit(address, server -> server.with(server.connections() + 1));
    Server server = counted.find(address).orElseThrow();
    return switch (server.state()) {
      case UNCHECKED, FAILED -> counted.enter(server, ServerState.RECOVERING, now);
      case PREFERRED, HEALTHY -> counted.activate(server, now);
      case RECOVERING, ACTIVE, STANDBY, INVALID -> just(counted);
    };
  }

  private Step healthOk(Server server, Instant now) {
    return switch (server.state()) {
      case UNCHECKED, FAILED -> enter(server, ServerState.RECOVERING, now);
      case RECOVERING ->
          server.connections() > 0
              ? activate(server, now)
              : enter(server, ServerState.PREFERRED, now);
      case PREFERRED ->
          Duration.between(server.since(), now).compareTo(PREFERRED_FOR) > 0
              ? enter(server, ServerState.HEALTHY, now)
              : same();
      case HEALTHY, ACTIVE, STANDBY, INVALID -> same();
    };
  }

  private Step failed(Server server, boolean byDial, Instant now) {
    return switch (server.state()) {
      case UNCHECKED, RECOVERING -> byDial ? enter(server, ServerState.FAILED, now) : same();
      case PREFERRED, HEALTHY, ACTIVE ->
          new Step(
              enter(server, ServerState.FAILED, now).table(),
              List.of(new Effect.CloseConnections(server.address())));
      case FAILED, STANDBY, INVALID -> same();
    };
  }

  private Step unusable(Server server, Instant now) {
    boolean another =
        servers.stream()
            .anyMatch(
                s -> !s.address().equals(server.address()) && s.state() != ServerState.FAILED);
    return switch (server.state()) {
      case UNCHECKED, RECOVERING, PREFERRED, HEALTHY, ACTIVE ->
          another
              ? new Step(
                  enter(server, ServerState.FAILED, now).table(),
                  List.of(new Effect.CloseConnections(server.address())))
              : same();
      case FAILED, STANDBY, INVALID -> same();
    };
  }

  private Step enter(Server server, ServerState next, Instant now) {
    return just(edit(server.address(), found -> found.in(next, now)));
  }

  private Step activate(Server candidate, Instant now) {
    List<Effect> effects = new ArrayList<>();
    List<Server> next = new ArrayList<>();
    ServerState reached = ServerState.ACTIVE;
    for (Server other : servers) {
      if (other.address().equals(candidate.address())) {
        continue;
      }
      Server left = other;
      switch (other.state()) {
        case FAILED, STANDBY, RECOVERING, HEALTHY -> effects.add(close(other));
        case ACTIVE -> {
          if (other.connections() > candidate.connections()) {
            reached = ServerState.PREFERRED;
            effects.add(close(candidate));
          } else {
            left = other.in(ServerState.PREFERRED, now);
            effects.add(close(other));
          }
        }
        case UNCHECKED, PREFERRED, INVALID -> {}
      }
      next.add(left);
    }
    next.add(candidate.state() == reached ? candidate : candidate.in(reached, now));
    return new Step(new ServerTable(next), effects);
  }

  private Step members(List<HostPort> addresses, Instant now) {
    Set<HostPort> wanted = new LinkedHashSet<>(addresses);
    Set<HostPort> current = new HashSet<>(members());
    if (wanted.equals(current)) {
      return same();
    }
    List<Effect> effects = new ArrayList<>();
    List<Server> next = new ArrayList<>();
    for (Server server : servers) {
      if (wanted.remove(server.address())) {
        next.add(
            server.state() == ServerState.STANDBY ? server.in(ServerState.UNCHECKED, now) : server);
      } else if (server.isDefault()) {
        if (server.state() != ServerState.STANDBY) {
          effects.add(close(server));
        }
        next.add(server.in(ServerState.STANDBY, now));
      } else {
        effects.add(close(server));
      }
    }
    wanted.forEach(address -> next.add(new Server(address, ServerState.UNCHECKED, now, 0, false)));
    effects.add(new Effect.SaveState());
    return new Step(new ServerTable(next), effects);
  }

  private Step withDefault(HostPort address, Instant now) {
    List<Effect> effects = new ArrayList<>();
    List<Server> next = new ArrayList<>();
    for (Server server : servers) {
      boolean chosen = server.address().equals(address);
      if (!chosen && server.isDefault() && server.state() == ServerState.STANDBY) {
        effects.add(close(server));
      } else {
        next.add(server.asDefault(chosen));
      }
    }
    if (find(address).isEmpty()) {
      next.add(new Server(address, ServerState.STANDBY, now, 0, true));
    }
    effects.add(new Effect.SaveState());
    return new Step(new ServerTable(next), effects);
  }

  private ServerTable edit(HostPort address, UnaryOperator<Server> change) {
    return new ServerTable(
        servers.stream()
            .map(server -> server.address().equals(address) ? change.apply(server) : server)
            .toList());
  }

  private Step same() {
    return just(this);
  }

  private static Step just(ServerTable table) {
    return new Step(table, List.of());
  }

  private static Effect close(Server server) {
    return new Effect.CloseConnections(server.address());
  }
}
