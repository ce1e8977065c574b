package org.k3sjvm.kubelet.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.HugepageLimit;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.kubelet.pod.DesiredPod;

class PodResourcesTest {
  private static final long GIB = 1L << 30;
  private static final HostMemory MEMORY =
      new HostMemory(10 * GIB, 4 * GIB, true, List.of(2L << 20, GIB));
  private static final PodResources.Host V1 =
      new PodResources.Host(MEMORY, false, Optional.of(Duration.ofMillis(100)), true, true);
  private static final PodResources.Host V2 =
      new PodResources.Host(MEMORY, true, Optional.of(Duration.ofMillis(100)), true, true);

  private static ResourceRequirements resources(String requests, String limits) {
    return new ResourceRequirementsBuilder()
        .withRequests(amounts(requests))
        .withLimits(amounts(limits))
        .build();
  }

  private static Map<String, Quantity> amounts(String text) {
    Map<String, Quantity> amounts = new HashMap<>();
    for (String pair : text.isEmpty() ? new String[0] : text.split(",", -1)) {
      String[] parts = pair.split("=", -1);
      amounts.put(parts[0], Quantity.parse(parts[1]));
    }
    return amounts;
  }

  private static Container container(String name, String requests, String limits) {
    return new ContainerBuilder().withName(name).withResources(resources(requests, limits)).build();
  }

  private static PodBuilder pod(Container... containers) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("p")
        .withUid("u")
        .endMetadata()
        .withNewSpec()
        .withContainers(containers)
        .endSpec();
  }

  private static LinuxResources first(Pod pod, PodResources.Host host) {
    return PodResources.of(DesiredPod.of(pod), pod.getSpec().getContainers().getFirst(), host);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | '' | 2 | 0 | 0",
        "cpu=100m | '' | 102 | 0 | 0",
        "cpu=1m | cpu=5m | 2 | 1000 | 0",
        "'' | cpu=500m | 512 | 50000 | 0",
        "cpu=0 | cpu=500m | 2 | 50000 | 0",
        "cpu=300 | cpu=300,memory=1Gi | 262144 | 30000000 | 1073741824",
        "memory=64Mi | memory=128Mi | 2 | 0 | 134217728",
      })
  void aContainersNumbersFollowFromRequestsAndLimits(
      String requests, String limits, long shares, long quota, long memory) {
    LinuxResources is = first(pod(container("c", requests, limits)).build(), V1);
    assertThat(is.cpuShares()).isEqualTo(shares);
    assertThat(is.cpuQuotaMicros()).isEqualTo(quota);
    assertThat(is.cpuPeriodMicros()).isEqualTo(100_000);
    assertThat(is.memoryLimitBytes()).isEqualTo(memory);
    assertThat(is.memorySwapLimitBytes()).isEqualTo(memory);
    assertThat(is.unified()).isEmpty();
  }

  @Test
  void withoutQuotasNeitherQuotaNorPeriodIsSent() {
    PodResources.Host host = new PodResources.Host(MEMORY, false, Optional.empty(), true, true);
    LinuxResources is = first(pod(container("c", "", "cpu=1")).build(), host);
    assertThat(is.cpuQuotaMicros()).isZero();
    assertThat(is.cpuPeriodMicros()).isZero();
    assertThat(is.cpuShares()).isEqualTo(1024);
  }

  @Test
  void aShortPeriodScalesTheQuota() {
    PodResources.Host host =
        new PodResources.Host(MEMORY, false, Optional.of(Duration.ofMillis(10)), true, true);
    LinuxResources is = first(pod(container("c", "", "cpu=500m")).build(), host);
    assertThat(is.cpuQuotaMicros()).isEqualTo(5_000);
    assertThat(is.cpuPeriodMicros()).isEqualTo(10_000);
  }

  @Test
  void thePodsOwnLimitsStandInForMissingOnes() {
    Pod pod =
        pod(container("a", "", ""), container("b", "", "memory=1Gi"))
            .editSpec()
            .withResources(resources("", "cpu=2,memory=4Gi,hugepages-2Mi=4Mi"))
            .endSpec()
            .build();
    LinuxResources a = first(pod, V1);
    assertThat(a.cpuQuotaMicros()).isEqualTo(200_000);
    assertThat(a.memoryLimitBytes()).isEqualTo(4 * GIB);
    assertThat(a.hugepageLimits())
        .containsExactly(new HugepageLimit("2MB", 4 << 20), new HugepageLimit("1GB", 0));
    assertThat(PodResources.of(DesiredPod.of(pod), pod.getSpec().getContainers().get(1), V1))
        .satisfies(b -> assertThat(b.memoryLimitBytes()).isEqualTo(GIB));
  }

  @Test
  void everySizeOfHugePagesIsLimited() {
    Pod pod = pod(container("c", "", "hugepages-1Gi=2Gi,memory=1Gi,cpu=1")).build();
    assertThat(first(pod, V1).hugepageLimits())
        .containsExactly(new HugepageLimit("2MB", 0), new HugepageLimit("1GB", 2 * GIB));
    assertThat(PodResources.pageUnit(64 << 10)).isEqualTo("64KB");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "memory=1Gi | memory=2Gi | 429496729",
        "memory=1Gi | '' | 429496729",
        "'' | memory=2Gi | 0",
        "memory=1Gi,cpu=1 | memory=1Gi,cpu=1 | 0",
        "memory=1Gi | memory=1Gi | 0",
        "'' | '' | 0",
      })
  void swapGoesToBurstableContainersByTheirShare(String requests, String limits, long swap) {
    LinuxResources is = first(pod(container("c", requests, limits)).build(), V2);
    assertThat(is.unified())
        .isEqualTo(Map.of("memory.oom.group", "1", "memory.swap.max", "" + swap));
    assertThat(is.memorySwapLimitBytes()).isZero();
  }

  @Test
  void oneTreeWithoutSwapControlKillsTheContainerAsAWhole() {
    HostMemory memory = new HostMemory(GIB, 0, false, List.of());
    PodResources.Host host = new PodResources.Host(memory, true, Optional.empty(), true, false);
    Pod pod = pod(container("c", "", "")).build();
    assertThat(first(pod, host).unified()).isEqualTo(Map.of("memory.oom.group", "1"));
    PodResources.Host single = new PodResources.Host(memory, true, Optional.empty(), false, false);
    assertThat(first(pod, single).unified()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cpu=1,memory=1Gi | cpu=1,memory=1Gi | -997",
        "'' | '' | 1000",
        "cpu=1 | '' | 999",
        "memory=1Gi | '' | 900",
        "memory=20Gi | '' | 3",
      })
  void theScoreFollowsTheShareOfTheNodesMemory(String requests, String limits, long score) {
    assertThat(first(pod(container("c", requests, limits)).build(), V1).oomScoreAdj())
        .isEqualTo(score);
  }

  @Test
  void onlyNodeCriticalPodsAreSparedForTheirPriority() {
    PodBuilder pod = pod(container("c", "", ""));
    Pod cluster =
        pod.editSpec()
            .withPriority(2_000_000_000)
            .withPriorityClassName("system-cluster-critical")
            .endSpec()
            .build();
    Pod node =
        pod.editSpec()
            .withPriority(2_000_001_000)
            .withPriorityClassName("system-node-critical")
            .endSpec()
            .build();
    assertThat(first(cluster, V1).oomScoreAdj()).isEqualTo(1000);
    assertThat(first(node, V1).oomScoreAdj()).isEqualTo(-997);
  }

  @Test
  void aSidecarIsSparedAtLeastAsMuchAsTheContainersItServes() {
    Container sidecar = container("s", "memory=1Gi", "");
    sidecar.setRestartPolicy("Always");
    Pod pod =
        pod(container("a", "memory=4Gi", ""), container("b", "memory=2Gi", ""))
            .editSpec()
            .withInitContainers(sidecar)
            .endSpec()
            .build();
    assertThat(PodResources.of(DesiredPod.of(pod), sidecar, V1).oomScoreAdj()).isEqualTo(800);
    assertThat(first(pod, V1).oomScoreAdj()).isEqualTo(600);
  }

  @Test
  void whatThePodAsksForBeyondItsContainersIsSharedEqually() {
    Pod pod =
        pod(container("a", "memory=1Gi", ""), container("b", "memory=1Gi", ""))
            .editSpec()
            .withResources(resources("memory=4Gi", ""))
            .endSpec()
            .build();
    assertThat(first(pod, V1).oomScoreAdj()).isEqualTo(800);
  }

  @Test
  void aPodIsLimitedOnlyWhereEveryContainerIs() {
    Container both = container("a", "cpu=100m", "cpu=200m,memory=1Gi");
    Container cpu = container("b", "cpu=100m", "cpu=300m");
    assertThat(PodResources.total(pod(both, cpu).build().getSpec()))
        .isEqualTo(
            new PodResources.PodTotal(204, OptionalLong.of(500), OptionalLong.empty(), Map.of()));
    assertThat(PodResources.total(pod(container("c", "", "")).build().getSpec()))
        .isEqualTo(
            new PodResources.PodTotal(2, OptionalLong.empty(), OptionalLong.empty(), Map.of()));
  }

  @Test
  void overheadAndHugePagesCountForThePod() {
    Pod pod =
        pod(container(
                "a", "cpu=1,memory=1Gi,hugepages-2Mi=8Mi", "cpu=1,memory=1Gi,hugepages-2Mi=8Mi"))
            .editSpec()
            .withOverhead(amounts("cpu=250m,memory=64Mi"))
            .endSpec()
            .build();
    assertThat(PodResources.total(pod.getSpec()))
        .isEqualTo(
            new PodResources.PodTotal(
                1280,
                OptionalLong.of(1250),
                OptionalLong.of(GIB + (64 << 20)),
                Map.of(2L << 20, 8L << 20)));
  }
}
