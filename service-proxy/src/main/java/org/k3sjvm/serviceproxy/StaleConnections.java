package org.k3sjvm.serviceproxy;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.k3sjvm.linux.filter.Connection;
import org.k3sjvm.linux.filter.Connections;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.Protocol;
import org.k3sjvm.serviceproxy.program.PortProgram;
import org.k3sjvm.serviceproxy.program.Programs;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * UDP conversations that the kernel still sends to an endpoint that is gone, or to nobody, although
 * there is one now: a client that keeps its port would never be answered. TCP mends itself. Source:
 * kube-proxy v1.36 pkg/proxy/conntrack/cleanup.go.
 */
final class StaleConnections {
  private static final Logger log = LoggerFactory.getLogger(StaleConnections.class);

  private final Family family;

  /** By address and port, who may answer. */
  private final Map<Packed, Set<Packed>> byAddress = new HashMap<>();

  private final Map<Integer, Set<Packed>> byNodePort = new HashMap<>();

  private StaleConnections(Family family) {
    this.family = family;
  }

  /**
   * Where to look after changes.
   *
   * @param all whether to look at services that did not change, too
   */
  static StaleConnections after(
      Family family, Collection<Programs.Change> changes, boolean all, Programs programs) {
    StaleConnections stale = new StaleConnections(family);
    for (Programs.Change change : changes) {
      for (PortProgram after : change.after()) {
        if (all || before(change, after).map(b -> lostOrFirst(b, after)).orElse(true)) {
          stale.watch(after);
        }
      }
    }
    if (all) {
      programs.forEach((_, ports) -> ports.forEach(stale::watch));
    }
    return stale;
  }

  /** Forgets them; how many there were. */
  int remove(Connections connections) {
    if (byAddress.isEmpty() && byNodePort.isEmpty()) {
      return 0;
    }
    List<Connection> stale =
        connections.select(family == Family.IPV6, Protocol.UDP.number(), this::isStale);
    int removed = 0;
    for (Connection connection : stale) {
      if (connections.delete(connection)) {
        removed++;
      }
    }
    if (removed > 0) {
      log.atInfo().addKeyValue("connections", removed).log("stale UDP conversations forgotten");
    }
    return removed;
  }

  private boolean isStale(Connection connection) {
    Packed destination = Packed.ofAddress(connection.destination());
    Set<Packed> serving =
        byAddress.getOrDefault(
            Packed.of().parts(destination).port(connection.destinationPort()).build(),
            byNodePort.get(connection.destinationPort()));
    return serving != null && !serving.contains(Packed.ofAddress(connection.replySource()));
  }

  private void watch(PortProgram program) {
    if (program.protocol() != Protocol.UDP) {
      return;
    }
    Set<Packed> serving = new HashSet<>();
    program
        .serving()
        .endpoints()
        .forEach(
            endpoint ->
                serving.add(
                    Packed.ofBytes(Arrays.copyOf(endpoint.bytes(), family.addressBytes()))));
    Stream.concat(Stream.of(program.clusterIp()), program.externals().stream())
        .forEach(
            address ->
                byAddress.put(Packed.of().parts(address).port(program.port()).build(), serving));
    if (program.nodePort() != 0) {
      byNodePort.put(program.nodePort(), serving);
    }
  }

  private static Optional<PortProgram> before(Programs.Change change, PortProgram after) {
    return change.before().stream()
        .filter(p -> p.protocol() == after.protocol() && p.port() == after.port())
        .findFirst();
  }

  /** A port that is new counts, too. */
  private static boolean lostOrFirst(PortProgram before, PortProgram after) {
    return (before.serving().isEmpty() && !after.serving().isEmpty())
        || !after.serving().endpoints().containsAll(before.serving().endpoints());
  }
}
