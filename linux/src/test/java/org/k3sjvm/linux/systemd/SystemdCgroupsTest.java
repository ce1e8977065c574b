package org.k3sjvm.linux.systemd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.CgroupLayout;
import org.k3sjvm.linux.cgroup.CgroupLimits;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.dbus.DbusValue;
import org.k3sjvm.linux.testing.FakeCgroups;

class SystemdCgroupsTest {
  private static final CgroupLayout V1 = new CgroupLayout.Legacy(Map.of("cpu", Path.of("/cpu")));
  private static final CgroupLayout V2 = new CgroupLayout.Unified(Path.of("/c"), Set.of("cpu"));
  private static final Duration PERIOD = Duration.ofMillis(100);
  private static final CgroupName PODS = new CgroupName("/kubepods.slice");
  private static final CgroupName POD = PODS.child("kubepods-podu_1.slice");

  private final FakeCgroups files = new FakeCgroups();
  private final FakeUnits units = new FakeUnits();
  private final SystemdCgroups cgroups = new SystemdCgroups(files, units);

  /** Keeps units by name, and what was asked in words. */
  private static final class FakeUnits implements Units {
    final Set<String> there = new TreeSet<>();
    final List<String> asked = new ArrayList<>();

    @Override
    public void start(String name, Map<String, DbusValue> properties) {
      asked.add("start " + name + " " + properties.get("Wants"));
      there.add(name);
    }

    @Override
    public void set(String name, Map<String, DbusValue> properties) {
      asked.add("set " + name + " " + properties.keySet());
    }

    @Override
    public void stop(String name) {
      asked.add("stop " + name);
      there.remove(name);
    }

    @Override
    public int version() {
      return 252;
    }
  }

  private static Map<String, DbusValue> properties(CgroupLimits limits, CgroupLayout layout) {
    return SystemdCgroups.properties(limits, layout, () -> 252);
  }

  private static DbusValue number(long value) {
    return new DbusValue.Unsigned(value);
  }

  @Test
  void limitsHaveOtherWordsInEachKindOfTree() {
    CgroupLimits limits =
        CgroupLimits.cpuShares(1024)
            .withCpuQuota(Duration.ofMillis(50), PERIOD)
            .withMemoryBytes(1 << 20)
            .withPids(7)
            .withHugePages(Map.of("2MB", 0L));
    assertThat(properties(limits, V1))
        .isEqualTo(
            Map.of(
                "MemoryLimit", number(1 << 20),
                "CPUShares", number(1024),
                "CPUQuotaPeriodUSec", number(100_000),
                "CPUQuotaPerSecUSec", number(500_000),
                "TasksMax", number(7)));
    assertThat(properties(limits, V2))
        .containsEntry("MemoryMax", number(1 << 20))
        .containsEntry("CPUWeight", number(39))
        .containsEntry("TasksMax", number(7))
        .hasSize(5);
  }

  @Test
  void anOldSystemdKeepsItsOwnPeriod() {
    CgroupLimits limits = CgroupLimits.NONE.withCpuQuota(Duration.ofMillis(50), PERIOD);
    assertThat(SystemdCgroups.properties(limits, V1, () -> 241))
        .containsOnlyKeys("CPUQuotaPerSecUSec");
  }

  @Test
  void noLimitIsAllBitsAndNothingIsNotSaid() {
    CgroupLimits none =
        CgroupLimits.NONE
            .withCpuQuota(CgroupLimits.UNLIMITED_CPU, PERIOD)
            .withMemoryBytes(CgroupLimits.UNLIMITED)
            .withPids(CgroupLimits.UNLIMITED);
    assertThat(properties(none, V2))
        .containsEntry("CPUQuotaPerSecUSec", number(-1))
        .containsEntry("MemoryMax", number(-1))
        .containsEntry("TasksMax", number(-1));
    assertThat(properties(CgroupLimits.NONE.withPids(0), V2)).containsEntry("TasksMax", number(1));
    assertThat(properties(CgroupLimits.NONE, V2)).isEmpty();
  }

  @Test
  void aQuotaIsRoundedUpForTheKernelAsSystemdDoes() {
    cgroups.create(POD);
    cgroups.limit(POD, CgroupLimits.NONE.withCpuQuota(Duration.ofNanos(12_345_000), PERIOD));
    assertThat(files.limits(POD).orElseThrow().cpuQuotaPerPeriod()).contains(Duration.ofMillis(13));
  }

  @Test
  void aSliceIsStartedOnceUnderTheOneAboveAndStoppedWhenItGoes() {
    cgroups.create(PODS);
    cgroups.create(POD);
    cgroups.create(POD);
    cgroups.limit(POD, CgroupLimits.cpuShares(2));
    cgroups.remove(POD);
    cgroups.remove(POD);
    assertThat(units.asked)
        .containsExactly(
            "start kubepods.slice Texts[values=[-.slice]]",
            "start kubepods-podu_1.slice Texts[values=[kubepods.slice]]",
            "set kubepods-podu_1.slice [CPUWeight]",
            "stop kubepods-podu_1.slice");
    assertThat(files.exists(POD)).isFalse();
  }

  @Test
  void aSliceInUseIsNotStoppedBecauseThatWouldEndWhatRunsInIt() {
    cgroups.create(POD);
    files.putProcess(POD, 7);
    assertThatThrownBy(() -> cgroups.remove(POD)).isInstanceOf(LinuxException.Busy.class);
    assertThat(units.there).contains("kubepods-podu_1.slice");
  }

  @Test
  void groupsThatAreNoSlicesOnlyHaveFiles() {
    CgroupName group = new CgroupName("/system");
    cgroups.create(group);
    cgroups.limit(group, CgroupLimits.cpuShares(2));
    cgroups.remove(group);
    assertThat(units.asked).isEmpty();
  }
}
