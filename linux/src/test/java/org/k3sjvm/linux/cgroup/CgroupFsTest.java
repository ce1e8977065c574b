package org.k3sjvm.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written where, in directories that stand for the kernel's. */
class CgroupFsTest {
  private static final CgroupName POD = new CgroupName("/kubepods/podx");

  @TempDir Path root;

  private static final CgroupLimits ALL =
      CgroupLimits.cpuShares(1024)
          .withCpuQuota(Duration.ofMillis(50), Duration.ofMillis(100))
          .withMemoryBytes(64 << 20)
          .withPids(100)
          .withHugePages(Map.of("2MB", 4L << 20));

  private void files(String... names) throws IOException {
    for (String name : names) {
      Path file = root.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "");
    }
  }

  private String text(String name) throws IOException {
    return Files.readString(root.resolve(name));
  }

  @Test
  void oneTreeTakesItsOwnWords() throws IOException {
    files(
        "kubepods/podx/cpu.weight",
        "kubepods/podx/cpu.max",
        "kubepods/podx/memory.max",
        "kubepods/podx/pids.max",
        "kubepods/podx/hugetlb.2MB.max");
    CgroupFs cgroups =
        CgroupFs.at(
            new CgroupLayout.Unified(root, Set.of("cpu", "cpuset", "memory", "pids", "hugetlb")));
    cgroups.limit(POD, ALL);
    assertThat(text("kubepods/podx/cpu.weight")).isEqualTo("39");
    assertThat(text("kubepods/podx/cpu.max")).isEqualTo("50000 100000");
    assertThat(text("kubepods/podx/memory.max")).isEqualTo("67108864");
    assertThat(text("kubepods/podx/pids.max")).isEqualTo("100");
    assertThat(text("kubepods/podx/hugetlb.2MB.max")).isEqualTo("4194304");
  }

  @Test
  void aLimitIsTakenAwayInTheWordsOfTheTree() throws IOException {
    files("kubepods/podx/cpu.max", "kubepods/podx/memory.max", "kubepods/podx/pids.max");
    CgroupFs.at(new CgroupLayout.Unified(root, Set.of("cpu", "memory", "pids")))
        .limit(
            POD,
            CgroupLimits.NONE
                .withCpuQuota(CgroupLimits.UNLIMITED_CPU, Duration.ofMillis(100))
                .withMemoryBytes(CgroupLimits.UNLIMITED)
                .withPids(CgroupLimits.UNLIMITED));
    assertThat(text("kubepods/podx/cpu.max")).isEqualTo("max 100000");
    assertThat(text("kubepods/podx/memory.max")).isEqualTo("max");
    assertThat(text("kubepods/podx/pids.max")).isEqualTo("max");
  }

  @Test
  void aNewGroupInOneTreeGetsEachController() throws IOException {
    files("cgroup.subtree_control");
    CgroupFs cgroups = CgroupFs.at(new CgroupLayout.Unified(root, Set.of("memory", "rdma")));
    cgroups.create(POD);
    assertThat(text("cgroup.subtree_control")).isEqualTo("+memory");
    assertThat(cgroups.children(new CgroupName("/kubepods"))).containsExactly("podx");
  }

  @Test
  void aTreeForEachControllerTakesOlderWords() throws IOException {
    files(
        "cpu/kubepods/podx/cpu.shares",
        "cpu/kubepods/podx/cpu.cfs_quota_us",
        "cpu/kubepods/podx/cpu.cfs_period_us",
        "memory/kubepods/podx/memory.limit_in_bytes",
        "pids/kubepods/podx/pids.max",
        "hugetlb/kubepods/podx/hugetlb.2MB.limit_in_bytes");
    CgroupFs cgroups =
        CgroupFs.at(
            new CgroupLayout.Legacy(
                Map.of(
                    "cpu", root.resolve("cpu"),
                    "memory", root.resolve("memory"),
                    "pids", root.resolve("pids"),
                    "hugetlb", root.resolve("hugetlb"))));
    cgroups.limit(POD, ALL);
    assertThat(text("cpu/kubepods/podx/cpu.shares")).isEqualTo("1024");
    assertThat(text("cpu/kubepods/podx/cpu.cfs_quota_us")).isEqualTo("50000");
    assertThat(text("cpu/kubepods/podx/cpu.cfs_period_us")).isEqualTo("100000");
    assertThat(text("memory/kubepods/podx/memory.limit_in_bytes")).isEqualTo("67108864");
    assertThat(text("pids/kubepods/podx/pids.max")).isEqualTo("100");
    assertThat(text("hugetlb/kubepods/podx/hugetlb.2MB.limit_in_bytes")).isEqualTo("4194304");
  }

  @Test
  void whatTheRuntimeMadeBesideTheTreesGoesWithThem() throws IOException {
    Files.createDirectories(root.resolve("pids/kubepods/podx"));
    Files.createDirectories(root.resolve("unified/kubepods/podx"));
    CgroupFs cgroups =
        CgroupFs.at(
            new CgroupLayout.Legacy(
                Map.of("pids", root.resolve("pids")), Optional.of(root.resolve("unified"))));

    cgroups.remove(POD);

    assertThat(root.resolve("pids/kubepods/podx")).doesNotExist();
    assertThat(root.resolve("unified/kubepods/podx")).doesNotExist();
    assertThat(root.resolve("unified/kubepods")).exists();
  }

  @Test
  void sharesBecomeWeightsOverTheWholeRange() {
    assertThat(List.of(2L, 1024L, 262_144L).stream().map(CgroupLimits::weightOf))
        .containsExactly(1L, 39L, 10_000L);
  }
}
