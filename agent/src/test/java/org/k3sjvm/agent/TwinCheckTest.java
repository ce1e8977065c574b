package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;

class TwinCheckTest {
  private static final TwinCheck.Self SELF =
      new TwinCheck.Self("n1", List.of("10.0.0.7"), "boot-2", "machine-1");
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final FakeKubeApi api = new FakeKubeApi();
  private final List<String> told = new ArrayList<>();
  private Instant now = START;
  private Duration otherBeatsEvery = Duration.ZERO;
  private Instant otherEnds = Instant.MAX;

  @Test
  void aNodeThatIsNewStartsAtOnce() throws Exception {
    assertThat(waited()).isZero();
  }

  @Test
  void anAgentThatWasRestartedStartsAtOnce() throws Exception {
    exists("10.0.0.7", "boot-2", "machine-1", Duration.ofSeconds(3));
    assertThat(waited()).isZero();
  }

  @Test
  void aMachineThatBootedStartsWhenItsOwnHeartbeatIsOldEnough() throws Exception {
    exists("10.0.0.7", "boot-1", "machine-1", Duration.ofSeconds(40));
    assertThat(waited()).isZero();
    heartbeat(now.minusSeconds(6));
    assertThat(waited()).isEqualTo(Duration.ofSeconds(9));
    assertThat(told).isEmpty();
  }

  @Test
  void anotherAddressIsListenedForButNotForLong() throws Exception {
    exists("10.0.0.8", "boot-2", "machine-1", Duration.ofSeconds(40));
    assertThat(waited()).isEqualTo(TwinCheck.LISTEN);
    assertThat(told).isEmpty();
  }

  @Test
  void aNodeThatIsLongGoneIsNotListenedFor() throws Exception {
    exists("10.0.0.8", "boot-9", "machine-1", Duration.ofMinutes(6));
    assertThat(waited()).isZero();
  }

  @Test
  void aCopyOfADiskWaitsUntilTheOriginalIsSilent() throws Exception {
    exists("10.0.0.8", "boot-9", "machine-1", Duration.ofSeconds(4));
    otherBeatsEvery = Duration.ofSeconds(10);
    otherEnds = START.plus(Duration.ofMinutes(2));
    assertThat(waited()).isGreaterThan(Duration.ofMinutes(2));
    assertThat(told).isNotEmpty();
    assertThat(told.getFirst())
        .contains(
            "lives as node n1 at 10.0.0.8",
            "/etc/rancher/node",
            "--with-node-id",
            "stop the other");
  }

  private Duration waited() throws InterruptedException {
    Instant began = now;
    new TwinCheck(api, SELF, () -> now, this::sleep).await(told::add);
    return Duration.between(began, now);
  }

  private void sleep(Duration time) throws InterruptedException {
    now = now.plus(time);
    if (otherBeatsEvery.isPositive() && now.isBefore(otherEnds)) {
      long beats = Duration.between(START, now).dividedBy(otherBeatsEvery);
      heartbeat(START.plus(otherBeatsEvery.multipliedBy(beats)));
    }
  }

  private void exists(String address, String bootId, String machineId, Duration age)
      throws InterruptedException {
    Node node =
        new NodeBuilder()
            .withNewMetadata()
            .withName("n1")
            .endMetadata()
            .withNewStatus()
            .addNewAddress(address, "InternalIP")
            .addNewAddress("n1", "Hostname")
            .withNewNodeInfo()
            .withBootID(bootId)
            .withMachineID(machineId)
            .endNodeInfo()
            .endStatus()
            .build();
    api.create(Resources.NODES, node);
    api.create(Resources.LEASES, lease(now.minus(age)));
  }

  private void heartbeat(Instant at) throws InterruptedException {
    Lease lease = api.get(Resources.LEASES, new ObjectName("kube-node-lease", "n1"));
    lease.getSpec().setRenewTime(at.atZone(ZoneOffset.UTC));
    api.update(Resources.LEASES, lease);
  }

  private static Lease lease(Instant at) {
    return new LeaseBuilder()
        .withNewMetadata()
        .withNamespace("kube-node-lease")
        .withName("n1")
        .endMetadata()
        .withNewSpec()
        .withRenewTime(at.atZone(ZoneOffset.UTC))
        .endSpec()
        .build();
  }
}
