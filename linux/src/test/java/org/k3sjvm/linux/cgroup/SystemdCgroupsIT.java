package org.k3sjvm.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.KernelMounts;
import org.k3sjvm.linux.systemd.SystemdCgroups;
import org.k3sjvm.linux.systemd.SystemdUnits;

/** Asks a systemd of the test's own, first process of namespaces and of a control group. */
class SystemdCgroupsIT {
  private static final Path SYSTEMD = Path.of("/lib/systemd/systemd");
  private static final Path DBUS = Path.of("/usr/bin/dbus-daemon");
  private static final String GROUP = "k3sjvm-systemd-test";
  private static final CgroupName PODS = new CgroupName("/k3stest.slice");
  private static final CgroupName POD = PODS.child("k3stest-podu_1.slice");

  /** With {@code $1} for the group. */
  private static final String LAUNCH =
      """
      for c in /sys/fs/cgroup/*/; do q=$c$1; mkdir -p $q
        for f in cpus mems; do [ -e $q/cpuset.$f ] && cat $c/cpuset.$f > $q/cpuset.$f; done
        echo $$ > $q/cgroup.procs; done
      exec unshare --fork --kill-child --pid --mount --cgroup --uts --ipc --net sh -c '
        mount --make-rprivate / && mount -t proc proc /proc
        for c in /sys/fs/cgroup/*; do k=${c##*/}; umount $c; case $k in
          unified) mount -t cgroup2 cgroup2 $c;;
          systemd) mount -t cgroup -o none,name=systemd cgroup $c;;
          *) mount -t cgroup -o $k cgroup $c;; esac; done
        mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/system /run/dbus; cd /run/systemd/system
        printf "[Unit]\\nDefaultDependencies=no\\nWants=dbus.socket dbus.service\\n" > quiet.target
        printf "[Unit]\\nDefaultDependencies=no\\n[Socket]\\nListenStream=/run/dbus/system_bus_socket\\n" > dbus.socket
        printf "[Unit]\\nDefaultDependencies=no\\n[Service]\\nType=notify\\nNotifyAccess=main\\nExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile\\n" > dbus.service
        exec env -i container=lxc PATH=$PATH %s --system --unit=quiet.target --show-status=no \
          --log-target=console'
      """
          .formatted(SYSTEMD);

  @TempDir Path directory;
  private CgroupFs files = CgroupFs.detect(new KernelMounts());
  private Process outer;
  private Path run;
  private long pid;

  @BeforeEach
  void launch() throws Exception {
    CgroupLayout host = files.layout();
    assumeTrue(host instanceof CgroupLayout.Legacy && Files.exists(SYSTEMD) && Files.exists(DBUS));
    Map<String, Path> hierarchies = new TreeMap<>();
    ((CgroupLayout.Legacy) host)
        .hierarchies()
        .forEach((controller, root) -> hierarchies.put(controller, root.resolve(GROUP)));
    files = CgroupFs.at(new CgroupLayout.Legacy(hierarchies));
    endLeftovers();
    outer =
        new ProcessBuilder("sh", "-c", LAUNCH, "sh", GROUP)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    pid = awaitChild();
    run = Path.of("/proc", "" + pid, "root/run");
    await(run.resolve("dbus/system_bus_socket"));
  }

  @AfterEach
  void end() throws Exception {
    if (outer != null) {
      outer.destroyForcibly().waitFor();
      endLeftovers();
    }
  }

  private void endLeftovers() throws Exception {
    for (long pid : files.processes(CgroupName.ROOT)) {
      ProcessHandle left = ProcessHandle.of(pid).orElse(null);
      if (left != null) {
        CompletableFuture<ProcessHandle> gone = left.onExit();
        left.destroyForcibly();
        gone.get();
      }
    }
    CgroupFs.detect(new KernelMounts()).remove(new CgroupName("/" + GROUP));
  }

  /** systemd's own socket takes nobody whose process it cannot see, and so not this one. */
  @Test
  void aSliceHasItsLimitsInSystemdAndInTheKernel() throws Exception {
    SystemdUnits units =
        new SystemdUnits(run.resolve("dbus/system_bus_socket"), run.resolve("none"));
    SystemdCgroups cgroups = new SystemdCgroups(files, units);
    assertThat(versionWhenAnswered(units)).isGreaterThan(200);
    cgroups.create(PODS);
    cgroups.create(POD);
    cgroups.create(POD);

    cgroups.limit(
        POD,
        CgroupLimits.cpuShares(512)
            .withCpuQuota(Duration.ofNanos(12_345_000), Duration.ofMillis(100))
            .withMemoryBytes(64 << 20)
            .withPids(100));

    assertThat(systemctlShow("k3stest-podu_1.slice"))
        .contains(
            "CPUShares=512",
            "CPUQuotaPerSecUSec=130ms",
            "MemoryLimit=67108864",
            "TasksMax=100",
            "Wants=k3stest.slice",
            "Slice=k3stest.slice",
            "ActiveState=active");
    assertThat(kernel("cpu", "cpu.shares")).isEqualTo("512");
    assertThat(kernel("cpu", "cpu.cfs_quota_us")).isEqualTo("13000");
    assertThat(kernel("memory", "memory.limit_in_bytes")).isEqualTo("67108864");
    assertThat(kernel("pids", "pids.max")).isEqualTo("100");

    cgroups.limit(
        POD,
        CgroupLimits.NONE
            .withCpuQuota(CgroupLimits.UNLIMITED_CPU, Duration.ofMillis(100))
            .withMemoryBytes(CgroupLimits.UNLIMITED)
            .withPids(CgroupLimits.UNLIMITED));
    assertThat(systemctlShow("k3stest-podu_1.slice"))
        .contains("CPUQuotaPerSecUSec=infinity", "MemoryLimit=infinity", "TasksMax=infinity");
    assertThat(kernel("pids", "pids.max")).isEqualTo("max");

    Process sleeper = new ProcessBuilder("sleep", "60").start();
    try {
      Files.writeString(
          group("pids").resolve("cgroup.procs"), "" + sleeper.pid(), StandardOpenOption.WRITE);
      assertThatThrownBy(() -> cgroups.remove(POD)).isInstanceOf(LinuxException.Busy.class);
    } finally {
      sleeper.destroyForcibly().waitFor();
    }
    cgroups.remove(POD);
    cgroups.remove(POD);
    assertThat(files.exists(POD)).isFalse();
    assertThat(systemctlShow("k3stest-podu_1.slice")).contains("ActiveState=inactive");
    cgroups.remove(PODS);
  }

  /** The bus is there a moment before systemd has taken its name on it. */
  private static int versionWhenAnswered(SystemdUnits units) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (true) {
      try {
        return units.version();
      } catch (LinuxException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(50_000_000);
      }
    }
  }

  private Path group(String controller) {
    Path root = ((CgroupLayout.Legacy) files.layout()).hierarchies().get(controller);
    return Objects.requireNonNull(root).resolve(POD.relative());
  }

  private String kernel(String controller, String file) throws IOException {
    return Files.readString(group(controller).resolve(file)).strip();
  }

  private String systemctlShow(String unit) throws Exception {
    Path answer = directory.resolve("show");
    Process show =
        new ProcessBuilder("nsenter", "-t", "" + pid, "-a", "systemctl", "show", unit)
            .redirectErrorStream(true)
            .redirectOutput(answer.toFile())
            .start();
    assertThat(show.waitFor()).isZero();
    return Files.readString(answer, StandardCharsets.UTF_8);
  }

  private long awaitChild() throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (System.nanoTime() < deadline) {
      for (ProcessHandle child : outer.children().toList()) {
        if (child.info().command().filter(c -> c.endsWith("/systemd")).isPresent()) {
          return child.pid();
        }
      }
      LockSupport.parkNanos(20_000_000);
    }
    throw new AssertionError(Files.readString(directory.resolve("log")));
  }

  private void await(Path file) throws IOException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!Files.exists(file)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(file + "\n" + Files.readString(directory.resolve("log")));
      }
      LockSupport.parkNanos(20_000_000);
    }
  }
}
