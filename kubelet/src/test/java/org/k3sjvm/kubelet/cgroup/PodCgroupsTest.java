package org.k3sjvm.kubelet.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.settings.Reservations;
import org.k3sjvm.kubelet.settings.Reservations.Amounts;
import org.k3sjvm.kubelet.settings.Reservations.Enforcement;
import org.k3sjvm.kubelet.translate.HostMemory;
import org.k3sjvm.linux.cgroup.CgroupLimits;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.testing.FakeCgroups;

class PodCgroupsTest {
  private static final HostMemory MEMORY = new HostMemory(8L << 30, 0, false, List.of(2L << 20));

  private final FakeCgroups kernel = new FakeCgroups();

  private PodCgroups cgroups(CgroupSettings settings) {
    return new PodCgroups(kernel, settings, MEMORY);
  }

  private static DesiredPod pod(String uid, Map<String, String> requests) {
    return DesiredPod.of(
        new PodBuilder()
            .withNewMetadata()
            .withName("p")
            .withUid(uid)
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("c")
            .withNewResources()
            .withRequests(quantities(requests))
            .endResources()
            .endContainer()
            .endSpec()
            .build());
  }

  private static Map<String, Quantity> quantities(Map<String, String> texts) {
    Map<String, Quantity> all = new HashMap<>();
    texts.forEach((name, text) -> all.put(name, Quantity.parse(text)));
    return all;
  }

  private CgroupLimits limits(String name) {
    return kernel.limits(new CgroupName(name)).orElseThrow();
  }

  @Test
  void aPodsGroupStandsBelowItsQuality() {
    PodCgroups cgroups = cgroups(CgroupSettings.DEFAULT);
    assertThat(cgroups.parent(pod("u-1", Map.of()))).isEqualTo("/kubepods/besteffort/podu-1");
    assertThat(cgroups.parent(pod("u-1", Map.of("cpu", "1"))))
        .isEqualTo("/kubepods/burstable/podu-1");
  }

  @Test
  void systemdsSlicesCarryTheNamesAboveThem() {
    PodCgroups cgroups =
        cgroups(new CgroupSettings(CgroupSettings.Driver.SYSTEMD, "/out-er", true));
    assertThat(cgroups.parent(pod("u-1", Map.of("cpu", "1"))))
        .isEqualTo(
            "/out_er.slice/out_er-kubepods.slice/out_er-kubepods-burstable.slice"
                + "/out_er-kubepods-burstable-podu_1.slice");
    assertThat(
            new CgroupNames(CgroupSettings.Driver.SYSTEMD, "")
                .uid("kubepods-burstable-podu_1.slice"))
        .hasValue(new PodUid("u-1"));
  }

  @Test
  void unmanagedPodsLeaveTheChoiceToTheRuntime() {
    PodCgroups cgroups = cgroups(new CgroupSettings(CgroupSettings.Driver.CGROUPFS, "", false));
    cgroups.create(pod("u", Map.of()));
    assertThat(cgroups.parent(pod("u", Map.of()))).isEmpty();
    assertThat(kernel.children(CgroupName.ROOT)).isEmpty();
  }

  @Test
  void burstablePodsTogetherWeighTheSumOfTheirRequests() throws Exception {
    PodCgroups cgroups = cgroups(CgroupSettings.DEFAULT);
    cgroups.create(pod("a", Map.of("cpu", "1500m")));
    cgroups.create(pod("b", Map.of("cpu", "1m")));
    assertThat(limits("/kubepods/burstable").cpuShares()).hasValue(1501 * 1024 / 1000);
    assertThat(limits("/kubepods/burstable/podb").cpuShares()).hasValue(2);
    cgroups.remove(new PodUid("a"));
    assertThat(limits("/kubepods/burstable").cpuShares()).hasValue(2);
    assertThat(kernel.exists(new CgroupName("/kubepods/burstable/poda"))).isFalse();
  }

  @Test
  void anEndedPodIsSlowedWhileItIsStillThere() {
    PodCgroups cgroups = cgroups(CgroupSettings.DEFAULT);
    cgroups.create(pod("a", Map.of("cpu", "2")));
    cgroups.slow(new PodUid("a"));
    assertThat(limits("/kubepods/burstable/poda").cpuShares()).hasValue(2);
  }

  @Test
  void podsTogetherGetWhatIsNotReserved() throws Exception {
    List<String> told = new ArrayList<>();
    Reservations reservations =
        new Reservations(
            new Amounts(500, 1L << 30, 0, 1000),
            new Amounts(250, 0, 0, 0),
            Map.of("memory.available", new Reservations.Threshold.Amount(1L << 30)),
            Set.of(Enforcement.PODS, Enforcement.SYSTEM_COMPRESSIBLE),
            Optional.empty(),
            Optional.of("/system"));
    kernel.create(new CgroupName("/system"));
    enforce(reservations, told);
    assertThat(limits("/kubepods"))
        .isEqualTo(
            CgroupLimits.cpuShares(3250 * 1024 / 1000)
                .withMemoryBytes(7L << 30)
                .withPids(9000)
                .withHugePages(Map.of("2MB", 4L << 20)));
    assertThat(limits("/kubepods/besteffort"))
        .isEqualTo(CgroupLimits.cpuShares(2).withHugePages(Map.of("2MB", -1L)));
    assertThat(limits("/system")).isEqualTo(CgroupLimits.cpuShares(256));
    assertThat(told)
        .containsExactlyInAnyOrder(
            "NodeAllocatableEnforced Updated Node Allocatable limit across pods",
            "NodeAllocatableEnforced Updated limits on system reserved cgroup /system");
  }

  @Test
  void aGroupThatIsNotThereIsTold() throws Exception {
    List<String> told = new ArrayList<>();
    enforce(
        new Reservations(
            new Amounts(500, 0, 0, 0),
            Amounts.NONE,
            Map.of(),
            Set.of(Enforcement.KUBE),
            Optional.of("/kube"),
            Optional.empty()),
        told);
    assertThat(told)
        .anySatisfy(
            text ->
                assertThat(text)
                    .startsWith(
                        "FailedNodeAllocatableEnforcement Failed to enforce kube reserved limits"
                            + " on /kube"));
    assertThat(limits("/kubepods").memoryBytes()).hasValue(8L << 30);
  }

  private void enforce(Reservations reservations, List<String> told) {
    Sleeper once =
        duration -> {
          assertThat(duration).isEqualTo(Duration.ofMinutes(1));
          throw new InterruptedException();
        };
    NodeCgroups node =
        new NodeCgroups(
            cgroups(CgroupSettings.DEFAULT),
            reservations,
            new NodeCgroups.Host(4, 10_000, Map.of(2L << 20, 4L << 20)),
            event -> told.add(event.reason() + " " + event.message()),
            once);
    assertThatThrownBy(node::run).isInstanceOf(InterruptedException.class);
  }
}
