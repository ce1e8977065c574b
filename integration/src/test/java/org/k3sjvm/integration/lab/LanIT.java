package org.k3sjvm.integration.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LanIT {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @Test
  void hostsReachEachOtherUntilACableIsPulled() throws InterruptedException {
    try (Lan lan = Lan.create("lan")) {
      Host a = lan.host("a");
      Host b = lan.host("b");
      assertThat(a.address()).isEqualTo("10.99.0.11");
      assertThat(a.run("busybox", "ping", "-c1", "-W5", b.address()).succeeded()).isTrue();

      b.unplug();
      assertThat(a.run("busybox", "ping", "-c1", "-W1", b.address()).succeeded()).isFalse();
      b.plug();
      Await.until(
          "b answers again",
          PATIENCE,
          () -> a.run("busybox", "ping", "-c1", "-W1", b.address()).succeeded());
    }
  }

  @Test
  void aHostHasItsOwnNameFilesDevicesAndControlGroups() throws Exception {
    try (Lan lan = Lan.create("lan")) {
      Host a = lan.host("a");
      Host b = lan.host("b");

      assertThat(a.run("hostname").text()).isEqualTo("a");
      Files.writeString(a.path("/var/lib/rancher/mine"), "a");
      assertThat(a.run("cat", "/var/lib/rancher/mine").text()).isEqualTo("a");
      assertThat(b.run("ls", "/var/lib/rancher").text()).isEmpty();
      assertThat(a.run("ls", "/sys/class/net").text().lines()).contains("eth0", "lo");
      assertThat(a.sh("awk -F: '{print $3}' /proc/self/cgroup | sort -u").text())
          .isIn("/", "/init");
      a.sh("mkdir -p /sys/fs/cgroup/pids/kubepods /sys/fs/cgroup/kubepods 2>/dev/null");
      assertThat(b.sh("ls -d /sys/fs/cgroup/pids/kubepods /sys/fs/cgroup/kubepods").succeeded())
          .isFalse();
    }
  }

  @Test
  void processesAreStoppedKilledAndReadFromOutside() throws InterruptedException {
    try (Lan lan = Lan.create("lan")) {
      Host a = lan.host("a");
      HostProcess polite =
          a.start(
              "polite",
              "sh",
              "-c",
              "trap 'echo bye; exit 3' TERM; echo hi; while :; do sleep 0.1; done");
      polite.awaitLog("hi", PATIENCE);
      assertThat(polite.residentBytes()).isPositive();
      assertThat(polite.stop()).isEqualTo(3);
      assertThat(polite.said()).isEqualTo("hi\nbye\n");

      HostProcess asked = a.start("asked", Map.of("WHO", "me"), List.of("sh", "-c", "echo $WHO"));
      assertThat(asked.awaitEnd(PATIENCE)).isZero();
      assertThat(asked.awaitLog("m(e)", PATIENCE).group(1)).isEqualTo("e");
      assertThatThrownBy(() -> asked.awaitLog("never", PATIENCE))
          .hasMessageContaining("ended before it said never");

      HostProcess stubborn =
          a.start("stubborn", "sh", "-c", "trap '' TERM; echo up; sleep 1000; sleep 1000");
      stubborn.awaitLog("up", PATIENCE);
      stubborn.kill();
      assertThat(stubborn.isAlive()).isFalse();
    }
  }

  @Test
  void nothingIsLeftWhenTheNetworkIsClosed() throws InterruptedException {
    Path directory;
    long pid;
    try (Lan lan = Lan.create("lan")) {
      Host a = lan.host("a");
      directory = lan.directory();
      HostProcess detached = a.start("detached", "sh", "-c", "setsid sleep 1234 & echo $!; wait");
      detached.awaitLog("\\d+", PATIENCE);
      pid = detached.pid();
      a.sh("mkdir -p /sys/fs/cgroup/pids/x/y");
    }

    assertThat(directory).doesNotExist();
    assertThat(ProcessHandle.of(pid)).isEmpty();
    assertThat(ProcessHandle.allProcesses().map(p -> p.info().commandLine().orElse("")))
        .noneMatch(line -> line.contains("sleep 1234"));
    assertThat(Path.of("/sys/fs/cgroup/pids"))
        .isDirectoryNotContaining("glob:**k3sjvm-lab-" + ProcessHandle.current().pid() + "-*");
  }
}
