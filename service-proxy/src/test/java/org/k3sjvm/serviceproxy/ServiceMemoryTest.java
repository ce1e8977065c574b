package org.k3sjvm.serviceproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.serviceproxy.Objects.service;
import static org.k3sjvm.serviceproxy.Objects.slice;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.linux.testing.FakeSysctls;
import org.k3sjvm.serviceproxy.health.HealthServers;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.ServiceFacts;
import org.k3sjvm.serviceproxy.model.Slice;
import org.k3sjvm.serviceproxy.rules.RuleSettings;

class ServiceMemoryTest {
  private static final ObjectName WEB = new ObjectName("default", "web");

  private static final String BALANCED =
      "\"type\": \"LoadBalancer\", \"externalTrafficPolicy\": \"Local\","
          + " \"healthCheckNodePort\": 31000, \"sessionAffinity\": \"ClientIP\","
          + " \"externalIPs\": [\"192.0.2.9\"], \"loadBalancerSourceRanges\": [\"10.0.0.0/8\"]";

  @TempDir private Path directory;

  @Test
  void servesAfterASilentStartWhatTheApiToldBefore() throws Exception {
    ServiceFacts before = remembered("n1", "boot-1");
    ServiceTable table = new ServiceTable("n1", () -> {});

    run("n1", "boot-1", table, Instant.now());

    assertThat(table.awaitChange(Duration.ZERO).names()).contains(WEB);
    assertThat(table.snapshot(WEB).service()).contains(before.services().get(WEB));
    assertThat(table.snapshot(WEB).slices()).isEqualTo(before.slices().get(WEB));
    assertThat(table.checks()).containsEntry(WEB, new HealthServers.Check(31_000, 1));
    assertThat(table.told()).isEmpty();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  @Test
  void theFirstWordOfTheApiReplacesAllOfIt() throws Exception {
    remembered("n1", "boot-1");
    ServiceTable table = new ServiceTable("n1", () -> {});
    run("n1", "boot-1", table, Instant.now());
    table.awaitChange(Duration.ZERO);

    put(table, service("other", "10.43.0.11", ""));
    assertThat(table.awaitChange(Duration.ZERO))
        .isEqualTo(new ServiceTable.Changes(Set.of(), false));
    assertThat(table.snapshot(WEB).service()).isPresent();
    table.onService(new ReflectorEvent.Synced<>());
    table.onSlice(new ReflectorEvent.Synced<>());

    ServiceTable.Changes changes = table.awaitChange(Duration.ZERO);
    assertThat(changes.told()).isTrue();
    assertThat(changes.names()).contains(WEB, new ObjectName("default", "other"));
    assertThat(table.snapshot(WEB).service()).isEmpty();
  }

  @Test
  void podsOfThisNodeDoNotOutliveTheMachine() throws Exception {
    remembered("n1", "boot-1");
    ServiceTable table = new ServiceTable("n1", () -> {});

    run("n1", "boot-2", table, Instant.now());

    table.awaitChange(Duration.ZERO);
    assertThat(table.snapshot(WEB).slices())
        .flatExtracting(Slice::endpoints)
        .extracting(endpoint -> endpoint.address().toAddress().getHostAddress())
        .containsExactly("10.42.2.2", "192.168.1.1");
  }

  @Test
  void nothingIsServedAfterADay() throws Exception {
    remembered("n1", "boot-1");
    ServiceTable table = new ServiceTable("n1", () -> {});

    run("n1", "boot-2", table, Instant.now().plus(Duration.ofHours(25)));

    assertThat(table.awaitChange(Duration.ZERO).names()).isEmpty();
  }

  @Test
  void nothingIsServedThatAnotherNodeRemembers() throws Exception {
    remembered("n2", "boot-1");
    ServiceTable table = new ServiceTable("n1", () -> {});

    run("n1", "boot-1", table, Instant.now());

    assertThat(table.awaitChange(Duration.ZERO).names()).isEmpty();
  }

  @Test
  void aClockThatWentBackIsNoReasonToForget() throws Exception {
    remembered("n1", "boot-1");
    ServiceTable table = new ServiceTable("n1", () -> {});

    run("n1", "boot-2", table, Instant.EPOCH);

    assertThat(table.awaitChange(Duration.ZERO).names()).contains(WEB);
  }

  @Test
  void whatIsKeptUnchangedCountsFromTheLastHour() throws Exception {
    remembered("n1", "boot-1");
    Files.setLastModifiedTime(file(), FileTime.from(Instant.now().minus(Duration.ofDays(9))));
    remembered("n1", "boot-1");

    assertThat(Files.getLastModifiedTime(file()).toInstant())
        .isAfter(Instant.now().minus(Duration.ofMinutes(5)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"version\": 2}",
        "{\"version\": 1, \"services\": [{}]}",
        "{\"version\": 1, \"services\": [{\"name\": \"a\"}]}",
        "{\"version\": 1, \"services\": [{\"name\": \"a\", \"clusterIps\": [\"x\"]}]}",
        "{\"version\": 1, \"slices\": [{\"name\": \"a\", \"family\": \"IPV6\","
            + " \"endpoints\": [{\"address\": \"10.0.0.1\"}]}]}",
        "{\"version\": 1, \"services\": ["
      })
  void anotherFileIsNone(String text) throws Exception {
    Files.writeString(file(), text);
    ServiceTable table = new ServiceTable("n1", () -> {});

    run("n1", "boot-1", table, Instant.now());

    assertThat(table.awaitChange(Duration.ZERO).names()).isEmpty();
  }

  /** What a proxy leaves that heard of everything and was stopped. */
  private ServiceFacts remembered(String node, String boot) throws Exception {
    ServiceTable table = new ServiceTable(node, () -> {});
    put(
        table,
        service("web", "10.43.0.10,fd43::10", BALANCED),
        slice("web", "10.42.1.2@" + node, "10.42.2.2@n9#z1", "192.168.1.1@" + node + "~"));
    table.onService(new ReflectorEvent.Synced<>());
    table.onSlice(new ReflectorEvent.Synced<>());
    run(node, boot, table, Instant.now());
    return table.told().orElseThrow();
  }

  /** A life of the memory, until it has nothing to do but wait. */
  private void run(String node, String boot, ServiceTable table, Instant now) throws Exception {
    ServiceMemory memory =
        new ServiceMemory(
            file(),
            config(node),
            new FakeSysctls().put("kernel/random/boot_id", boot),
            table,
            InstantSource.fixed(now),
            Duration.ZERO);
    Thread thread = Thread.ofVirtual().unstarted(() -> runQuietly(memory));
    thread.start();
    while (thread.getState() != Thread.State.TIMED_WAITING && thread.isAlive()) {
      Thread.onSpinWait();
    }
    assertThat(thread.isAlive()).isTrue();
    thread.interrupt();
    thread.join();
  }

  private static void runQuietly(ServiceMemory memory) {
    try {
      memory.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void put(ServiceTable table, String... objects) {
    for (String object : objects) {
      if (object.contains("addressType")) {
        table.onSlice(new ReflectorEvent.Added<>(KubeJson.read(object, EndpointSlice.class)));
      } else {
        table.onService(new ReflectorEvent.Added<>(KubeJson.read(object, Service.class)));
      }
    }
  }

  private static ServiceProxyConfig config(String node) {
    return new ServiceProxyConfig(
        node,
        List.of(),
        Set.of(Family.IPV4),
        RuleSettings.of(List.of(Cidr.parse("10.42.0.0/16")), List.of()),
        Optional.empty(),
        Optional.empty(),
        Duration.ZERO,
        Duration.ofSeconds(30),
        Optional.empty());
  }

  private Path file() {
    return directory.resolve("services.json");
  }
}
