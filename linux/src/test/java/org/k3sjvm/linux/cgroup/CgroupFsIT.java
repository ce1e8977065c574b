package org.k3sjvm.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.KernelMounts;

class CgroupFsIT {
  private final CgroupFs cgroups = CgroupFs.detect(new KernelMounts());
  private final CgroupName own = new CgroupName("/k3sjvm-test-" + ProcessHandle.current().pid());
  private final CgroupName pod = own.child("burstable").child("pod1");

  @AfterEach
  void remove() {
    cgroups.remove(own);
  }

  @Test
  void makesLimitsShowsAndRemovesAGroup() {
    cgroups.create(pod);
    cgroups.create(pod);
    cgroups.limit(
        pod,
        CgroupLimits.cpuShares(512)
            .withCpuQuota(Duration.ofMillis(50), Duration.ofMillis(100))
            .withMemoryBytes(64 << 20)
            .withPids(100));

    assertThat(cgroups.exists(pod)).isTrue();
    assertThat(cgroups.children(own)).containsExactly("burstable");
    assertThat(cgroups.usage(pod))
        .hasValueSatisfying(usage -> assertThat(usage.pids()).hasValue(0));
    cgroups.remove(own);
    cgroups.remove(own);
    assertThat(cgroups.exists(own)).isFalse();
    assertThat(cgroups.usage(pod)).isEmpty();
  }

  @Test
  void takesAProcessAndIsBusyUntilItEnds() throws Exception {
    cgroups.create(pod);
    Process sleeper = new ProcessBuilder("sleep", "60").start();
    try {
      put(sleeper.pid());
      assertThat(cgroups.processes(own)).containsExactly(sleeper.pid());
      assertThatThrownBy(() -> cgroups.remove(own)).isInstanceOf(LinuxException.Busy.class);
    } finally {
      sleeper.destroyForcibly().waitFor();
    }
  }

  @Test
  void saysNotFoundForLimitsOfNoGroup() {
    assertThatThrownBy(() -> cgroups.limit(pod, CgroupLimits.cpuShares(2)))
        .isInstanceOf(LinuxException.NotFound.class);
  }

  /** Version 2 allows processes in leaves only. */
  private void put(long pid) throws IOException {
    Path group =
        switch (cgroups.layout()) {
          case CgroupLayout.Unified unified ->
              Files.createDirectory(unified.root().resolve(pod.relative()).resolve("leaf"));
          case CgroupLayout.Legacy legacy ->
              Objects.requireNonNull(legacy.hierarchies().get("cpuset")).resolve(pod.relative());
          case CgroupLayout.Absent _ -> throw new IllegalStateException("no cgroups");
        };
    Files.write(
        group.resolve("cgroup.procs"),
        Long.toString(pid).getBytes(StandardCharsets.US_ASCII),
        StandardOpenOption.WRITE);
  }
}
