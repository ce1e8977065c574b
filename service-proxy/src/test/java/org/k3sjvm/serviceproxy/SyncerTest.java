package org.k3sjvm.serviceproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.k3sjvm.serviceproxy.Objects.service;
import static org.k3sjvm.serviceproxy.Objects.slice;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Connection;
import org.k3sjvm.linux.filter.Connections;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.testing.FakeCommands;
import org.k3sjvm.linux.testing.FakeFilterElements;
import org.k3sjvm.linux.testing.FakePacketFilter;
import org.k3sjvm.linux.testing.FakeSysctls;
import org.k3sjvm.serviceproxy.health.ProxyMetrics;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.program.ServiceSet;
import org.k3sjvm.serviceproxy.rules.RuleSettings;

class SyncerTest {
  private static final String VIP = "10.43.0.10";

  private final FakeFilterElements elements =
      new FakeFilterElements(
          Stream.of(ServiceSet.values()).map(set -> set.in(Family.IPV4)).toArray(SetName[]::new));
  private final TrackedConnections connections = new TrackedConnections();
  private final ServiceTable table = new ServiceTable("n1", () -> {});
  private final Syncer syncer =
      new Syncer(
          new ServiceProxyConfig(
              "n1",
              List.of(IpAddresses.parse("192.168.77.11")),
              Set.of(Family.IPV4),
              RuleSettings.of(
                  List.of(Cidr.parse("10.42.0.0/16")), List.of(Cidr.parse("10.43.0.0/16"))),
              Optional.empty(),
              Optional.empty(),
              Duration.ZERO,
              Duration.ofSeconds(30),
              Optional.empty()),
          new ProxyHost(
              new FakePacketFilter(), elements, connections, new FakeSysctls(), new FakeCommands()),
          table,
          new ProxyMetrics());

  @Test
  void looksAtEverythingOnceAndThenAtWhatChanged() throws Exception {
    put(service("web", VIP, ""), slice("web", "10.42.1.2"));

    assertThat(step().full()).isTrue();
    put(slice("web", "10.42.1.2", "10.42.1.3"));
    assertThat(step().full()).isFalse();
    assertThat(elements.list(ServiceSet.ENDPOINTS.in(Family.IPV4))).hasSize(4);
  }

  @Test
  void looksAtEverythingAfterARefusalAndLosesNothing() throws Exception {
    put(service("web", VIP, ""), slice("web", "10.42.1.2"));
    step();

    put(service("more", "10.43.0.11", ""));
    elements.failNext(LinuxException.of("change elements", Errno.EBUSY));
    assertThatThrownBy(this::step).isInstanceOf(LinuxException.Busy.class);

    assertThat(step().full()).isTrue();
    assertThat(elements.list(ServiceSet.CLUSTER_IPS.in(Family.IPV4))).hasSize(2);
  }

  @Test
  void forgetsConversationsWithAnEndpointThatIsGoneAlsoWhenTheKernelRefusedFirst()
      throws Exception {
    put(service("dns", VIP, ""), slice("dns", "10.42.1.2"));
    step();
    connections.add(VIP, 80, "10.42.1.2");
    connections.add("10.43.0.99", 80, "10.42.1.2");

    put(slice("dns", "10.42.1.3"));
    elements.failNext(LinuxException.of("change elements", Errno.EBUSY));
    assertThatThrownBy(this::step).isInstanceOf(LinuxException.Busy.class);
    assertThat(connections.all).hasSize(2);
    step();

    assertThat(connections.all)
        .extracting(connection -> connection.destination().getHostAddress())
        .containsExactly("10.43.0.99");
  }

  @Test
  void remembersWhenPodsChangedWhoseEndpointsCame() {
    String now = Instant.now().plusSeconds(60).toString();
    String slice = slice("web", "10.42.1.2");
    put(slice.replace("\"labels\"", annotated("2020-01-01T00:00:00Z") + "\"labels\""));
    assertThat(table.takeTriggers().getOrDefault(Family.IPV4, List.of())).isEmpty();

    String changed = slice("web", "10.42.1.3");
    put(changed.replace("\"labels\"", annotated(now) + "\"labels\""));
    put(changed.replace("\"labels\"", annotated(now) + "\"labels\""));
    put(slice.replace("\"labels\"", annotated("yesterday") + "\"labels\""));

    assertThat(table.takeTriggers()).isEqualTo(Map.of(Family.IPV4, List.of(Instant.parse(now))));
    assertThat(table.takeTriggers()).isEmpty();
  }

  private static String annotated(String time) {
    return "\"annotations\": {\"endpoints.kubernetes.io/last-change-trigger-time\": \""
        + time
        + "\"}, ";
  }

  @Test
  void saysWhatBalancersAreToHear() {
    put(
        service(
            "web",
            VIP,
            "\"type\": \"LoadBalancer\", \"externalTrafficPolicy\": \"Local\","
                + " \"healthCheckNodePort\": 31000"),
        slice("web", "10.42.1.2", "10.42.2.2@n2", "10.42.1.3~"));

    assertThat(table.checks().values())
        .singleElement()
        .satisfies(
            check -> {
              assertThat(check.port()).isEqualTo(31_000);
              assertThat(check.localEndpoints()).isEqualTo(1);
            });
  }

  private Syncer.Result step() throws Exception {
    ServiceTable.Changes changes = table.awaitChange(Duration.ZERO);
    return syncer.step(changes.names(), !changes.told());
  }

  private void put(String... objects) {
    for (String object : objects) {
      if (object.contains("addressType")) {
        table.onSlice(new ReflectorEvent.Added<>(KubeJson.read(object, EndpointSlice.class)));
      } else {
        table.onService(new ReflectorEvent.Added<>(KubeJson.read(object, Service.class)));
      }
    }
    table.onService(new ReflectorEvent.Synced<>());
    table.onSlice(new ReflectorEvent.Synced<>());
  }

  /** Connections in memory. */
  private static final class TrackedConnections implements Connections {
    private final List<Connection> all = new ArrayList<>();

    private void add(String destination, int port, String replySource) {
      all.add(
          new Connection(
              17,
              IpAddresses.parse("10.42.1.9"),
              4_000 + all.size(),
              IpAddresses.parse(destination),
              port,
              IpAddresses.parse(replySource),
              8_080,
              all.size()));
    }

    @Override
    public List<Connection> select(boolean ipv6, int protocol, Predicate<Connection> wanted) {
      return all.stream().filter(wanted).toList();
    }

    @Override
    public boolean delete(Connection connection) {
      return all.remove(connection);
    }

    @Override
    public void close() {}
  }
}
