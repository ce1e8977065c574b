package org.k3sjvm.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.mount.MountPoint;

class CgroupLayoutTest {
  private static MountPoint mount(String path, String type, String superOptions) {
    return MountPoint.parse("1 0 0:1 / " + path + " rw - " + type + " x " + superOptions);
  }

  @Test
  void readsAUnifiedTree() {
    assertThat(
            CgroupLayout.of(
                List.of(mount("/sys/fs/cgroup", "cgroup2", "rw,nsdelegate")),
                Set.of("cpu", "memory")))
        .isEqualTo(new CgroupLayout.Unified(Path.of("/sys/fs/cgroup"), Set.of("cpu", "memory")));
  }

  @Test
  void readsAHierarchyForEachControllerAndSharedOnes() {
    assertThat(
            CgroupLayout.of(
                List.of(
                    mount("/cg/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"),
                    mount("/cg/memory", "cgroup", "rw,memory,clone_children"),
                    mount("/cg/systemd", "cgroup", "rw,xattr,name=systemd,release_agent=/x"),
                    mount("/cg/unified", "cgroup2", "rw")),
                Set.of()))
        .isEqualTo(
            new CgroupLayout.Legacy(
                Map.of(
                    "cpu", Path.of("/cg/cpu,cpuacct"),
                    "cpuacct", Path.of("/cg/cpu,cpuacct"),
                    "memory", Path.of("/cg/memory"),
                    "name=systemd", Path.of("/cg/systemd")),
                Optional.of(Path.of("/cg/unified"))));
  }

  @Test
  void takesUnifiedWhenOnlyANamedHierarchyStandsBesideIt() {
    assertThat(
            CgroupLayout.of(
                List.of(
                    mount("/cg/systemd", "cgroup", "rw,name=systemd"),
                    mount("/cg/unified", "cgroup2", "rw")),
                Set.of("memory")))
        .isInstanceOf(CgroupLayout.Unified.class);
  }

  @Test
  void tellsRaspberryPiOwnersWhichKernelOptionIsMissing() {
    CgroupCheck check =
        CgroupCheck.of(new CgroupLayout.Unified(Path.of("/cg"), Set.of("cpu", "cpuset", "pids")));

    assertThat(check)
        .isInstanceOfSatisfying(
            CgroupCheck.Lacks.class,
            lacks ->
                assertThat(lacks.message())
                    .startsWith("failed to find memory cgroup (v2)")
                    .contains("cgroup_memory=1 cgroup_enable=memory")
                    .contains("/boot/firmware/cmdline.txt"));
  }

  @Test
  void onlyWarnsOfAMissingLegacyCpuset() {
    Map<String, Path> hierarchies =
        Map.of("memory", Path.of("/m"), "pids", Path.of("/p"), "cpu", Path.of("/c"));

    assertThat(CgroupCheck.of(new CgroupLayout.Legacy(hierarchies)))
        .isInstanceOf(CgroupCheck.Warns.class);
  }

  @Test
  void mapsSharesToWeights() {
    assertThat(CgroupLimits.weightOf(2)).isEqualTo(1);
    assertThat(CgroupLimits.weightOf(1024)).isEqualTo(39);
    assertThat(CgroupLimits.weightOf(262_144)).isEqualTo(10_000);
  }
}
