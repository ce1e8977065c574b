package org.k3sjvm.lb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.lb.ServerState.ACTIVE;
import static org.k3sjvm.lb.ServerState.FAILED;
import static org.k3sjvm.lb.ServerState.HEALTHY;
import static org.k3sjvm.lb.ServerState.PREFERRED;
import static org.k3sjvm.lb.ServerState.RECOVERING;
import static org.k3sjvm.lb.ServerState.STANDBY;
import static org.k3sjvm.lb.ServerState.UNCHECKED;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.lb.ServerTable.Effect;
import org.k3sjvm.lb.ServerTable.Event;
import org.k3sjvm.lb.ServerTable.Server;
import org.k3sjvm.lb.ServerTable.Step;

class ServerTableTest {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
  private static final HostPort A = HostPort.parse("10.0.0.1:6443");
  private static final HostPort B = HostPort.parse("10.0.0.2:6443");
  private static final HostPort C = HostPort.parse("10.0.0.3:6443");

  /** The table of ServerTable's documentation; "close" means that connections are closed. */
  @ParameterizedTest(name = "{0}: dial ok {1}, health ok {2}, dial failed {3}, health failed {4}")
  @CsvSource({
    "UNCHECKED,  RECOVERING, RECOVERING,       FAILED,       -",
    "FAILED,     RECOVERING, RECOVERING,       -,            -",
    "RECOVERING, -,          ACTIVE|PREFERRED, FAILED,       -",
    "PREFERRED,  ACTIVE,     -|HEALTHY,        FAILED close, FAILED close",
    "HEALTHY,    ACTIVE,     -,                FAILED close, FAILED close",
    "ACTIVE,     -,          -,                FAILED close, FAILED close",
    "STANDBY,    -,          -,                -,            -"
  })
  void walksTheTransitionTable(
      ServerState state, String dialOk, String healthOk, String dialFailed, String healthFailed) {
    ServerTable connected = table(new Server(A, state, T0, 1, state == STANDBY));
    ServerTable idle = table(new Server(A, state, T0, 0, state == STANDBY));
    Instant later = T0.plusSeconds(61);

    assertThat(outcome(state, idle.on(new Event.DialOk(A), T0))).isEqualTo(dialOk);
    String[] health = healthOk.split("\\|", -1);
    if (state == RECOVERING) {
      assertThat(outcome(state, connected.on(new Event.HealthOk(A), T0))).isEqualTo(health[0]);
      assertThat(outcome(state, idle.on(new Event.HealthOk(A), T0))).isEqualTo(health[1]);
    } else {
      assertThat(outcome(state, connected.on(new Event.HealthOk(A), T0))).isEqualTo(health[0]);
      assertThat(outcome(state, connected.on(new Event.HealthOk(A), later)))
          .isEqualTo(health[health.length - 1]);
    }
    assertThat(outcome(state, connected.on(new Event.DialFailed(A), T0))).isEqualTo(dialFailed);
    assertThat(outcome(state, connected.on(new Event.HealthFailed(A), T0))).isEqualTo(healthFailed);
  }

  @ParameterizedTest(name = "{0} -> {1}, closed: {2}")
  @CsvSource({
    "FAILED,     FAILED,     true",
    "STANDBY,    STANDBY,    true",
    "RECOVERING, RECOVERING, true",
    "HEALTHY,    HEALTHY,    true",
    "ACTIVE,     PREFERRED,  true",
    "UNCHECKED,  UNCHECKED,  false",
    "PREFERRED,  PREFERRED,  false"
  })
  void closesTheOthersWhenOneBecomesActive(ServerState other, ServerState then, boolean closed) {
    Step step =
        table(new Server(A, HEALTHY, T0, 0, false), new Server(B, other, T0, 1, false))
            .on(new Event.DialOk(A), T0);
    assertThat(state(step.table(), A)).isEqualTo(ACTIVE);
    assertThat(state(step.table(), B)).isEqualTo(then);
    assertThat(step.effects().contains(new Effect.CloseConnections(B))).isEqualTo(closed);
  }

  @ParameterizedTest(name = "{0} beside {1}: {2}")
  @CsvSource({
    "UNCHECKED,  STANDBY,   FAILED close",
    "RECOVERING, UNCHECKED, FAILED close",
    "PREFERRED,  STANDBY,   FAILED close",
    "ACTIVE,     HEALTHY,   FAILED close",
    "HEALTHY,    ACTIVE,    FAILED close",
    "ACTIVE,     FAILED,    -",
    "RECOVERING, FAILED,    -",
    "STANDBY,    ACTIVE,    -",
    "FAILED,     ACTIVE,    -"
  })
  void leavesAServerThatAnswersNobodyIfThereIsAnother(
      ServerState state, ServerState other, String then) {
    Step step =
        table(
                new Server(A, state, T0, 1, state == STANDBY),
                new Server(B, other, T0, 0, other == STANDBY))
            .on(new Event.Unusable(A), T0);
    assertThat(outcome(state, step)).isEqualTo(then);
  }

  @Test
  void leavesTheActiveServerInPlaceWhenItHasMoreConnections() {
    Step step =
        table(new Server(A, HEALTHY, T0, 0, false), new Server(B, ACTIVE, T0, 2, false))
            .on(new Event.DialOk(A), T0);
    assertThat(state(step.table(), A)).isEqualTo(PREFERRED);
    assertThat(state(step.table(), B)).isEqualTo(ACTIVE);
    assertThat(step.effects()).containsExactly(new Effect.CloseConnections(A));
  }

  @Test
  void dialsPreferredStatesFirstThenBusyServers() {
    ServerTable table =
        table(
            new Server(A, HEALTHY, T0, 0, false),
            new Server(B, HEALTHY, T0, 3, false),
            new Server(C, ACTIVE, T0, 0, false));
    assertThat(table.servers()).extracting(Server::address).containsExactly(C, B, A);
  }

  @Test
  void keepsTheDefaultInReserveUntilItIsLearned() {
    ServerTable table = ServerTable.empty().on(new Event.Default(A), T0).table();
    assertThat(state(table, A)).isEqualTo(STANDBY);
    assertThat(table.members()).isEmpty();

    Step learned = table.on(new Event.Members(List.of(A, B)), T0);
    assertThat(state(learned.table(), A)).isEqualTo(UNCHECKED);
    assertThat(learned.table().members()).containsExactlyInAnyOrder(A, B);
    assertThat(learned.effects()).containsExactly(new Effect.SaveState());

    Step removed = learned.table().on(new Event.Members(List.of(B)), T0);
    assertThat(state(removed.table(), A)).isEqualTo(STANDBY);
    assertThat(removed.effects())
        .containsExactly(new Effect.CloseConnections(A), new Effect.SaveState());
  }

  @Test
  void doesNothingWhenTheMembersAreTheSame() {
    ServerTable table = members(A, B);
    assertThat(table.on(new Event.Members(List.of(B, A)), T0).effects()).isEmpty();
  }

  @Test
  void closesConnectionsToRemovedServersAlsoThoseThatArriveLate() {
    ServerTable table = members(A, B).on(new Event.DialOk(A), T0).table();
    Step removed = table.on(new Event.Members(List.of(B)), T0);
    assertThat(removed.effects()).contains(new Effect.CloseConnections(A));
    assertThat(removed.table().on(new Event.DialOk(A), T0).effects())
        .containsExactly(new Effect.CloseConnections(A));
  }

  @Test
  void dropsAReserveServerWhenTheDefaultChanges() {
    ServerTable table = ServerTable.empty().on(new Event.Default(A), T0).table();
    Step step = table.on(new Event.Default(B), T0);
    assertThat(step.table().servers()).extracting(Server::address).containsExactly(B);
    assertThat(step.effects())
        .containsExactly(new Effect.CloseConnections(A), new Effect.SaveState());
    assertThat(members(A, B).on(new Event.Default(B), T0).table().defaultServer()).contains(B);
  }

  @Test
  void holdsItsInvariantsUnderAnyOrderOfEvents() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<HostPort> all = List.of(A, B, C);
    ServerTable table = ServerTable.empty().on(new Event.Default(A), T0).table();
    Instant now = T0;
    for (int i = 0; i < 20_000; i++) {
      now = now.plus(Duration.ofSeconds(random.nextInt(40)));
      HostPort server = all.get(random.nextInt(all.size()));
      Event event =
          switch (random.nextInt(7)) {
            case 0 -> new Event.DialOk(server);
            case 1 -> new Event.DialFailed(server);
            case 2 -> new Event.HealthOk(server);
            case 3 -> new Event.HealthFailed(server);
            case 4 -> new Event.Closed(server);
            case 5 -> new Event.Members(all.subList(0, random.nextInt(all.size() + 1)));
            default -> new Event.Default(server);
          };
      table = table.on(event, now).table();
      List<ServerState> states = table.servers().stream().map(Server::state).toList();
      String at = "seed " + seed + ", step " + i + ", " + event;
      assertThat(states.stream().filter(ACTIVE::equals).count()).as(at).isLessThanOrEqualTo(1);
      assertThat(states).as(at).doesNotContain(ServerState.INVALID);
      assertThat(table.servers()).as(at).doesNotHaveDuplicates();
      assertThat(table.servers().stream().filter(Server::isDefault).count()).as(at).isEqualTo(1);
      assertThat(table.servers().stream().filter(s -> s.state() == STANDBY && !s.isDefault()))
          .as(at)
          .isEmpty();
    }
  }

  private static ServerTable table(Server... servers) {
    return new ServerTable(Arrays.asList(servers));
  }

  private static ServerTable members(HostPort... members) {
    return ServerTable.empty().on(new Event.Members(List.of(members)), T0).table();
  }

  private static ServerState state(ServerTable table, HostPort server) {
    return table.find(server).orElseThrow().state();
  }

  private static String outcome(ServerState before, Step step) {
    List<String> words = new ArrayList<>();
    ServerState after = state(step.table(), A);
    words.add(after == before ? "-" : after.name());
    if (step.effects().contains(new Effect.CloseConnections(A))) {
      words.add("close");
    }
    assertThat(after == FAILED || !words.contains("close")).isTrue();
    return String.join(" ", words);
  }
}
