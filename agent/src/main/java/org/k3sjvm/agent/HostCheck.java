package org.k3sjvm.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.linux.cgroup.CgroupCheck;
import org.k3sjvm.linux.cgroup.CgroupFs;
import org.k3sjvm.linux.host.ProcessFacts;
import org.k3sjvm.linux.mount.Mounts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What must hold before anything starts: root, a clock that was set, control groups. Source: k3s
 * v1.36.3 pkg/agent/run.go.
 */
final class HostCheck {
  private static final Logger log = LoggerFactory.getLogger(HostCheck.class);
  private static final Instant FIRST_CREDIBLE_TIME = Instant.parse("1980-01-01T00:00:00Z");

  private HostCheck() {}

  /**
   * Checks that no swap space is in use where the user asked for that.
   *
   * @throws AgentException when there is
   */
  static void verifySwap(KubeletSettings settings) throws IOException {
    Path swaps = Path.of("/proc/swaps");
    if (settings.cgroups().failSwapOn() && Files.exists(swaps)) {
      List<String> active = Files.readAllLines(swaps).stream().skip(1).toList();
      if (!active.isEmpty()) {
        throw new AgentException(
            "swap is on, and the kubelet setting fail-swap-on forbids it: run swapoff -a, or set"
                + " fail-swap-on=false; in use: "
                + active);
      }
    }
  }

  /**
   * Checks this host.
   *
   * @throws AgentException when the agent cannot run here
   */
  static void verify(InstantSource clock, Mounts mounts) {
    if (clock.instant().isBefore(FIRST_CREDIBLE_TIME)) {
      throw new AgentException(
          "the clock says "
              + clock.instant()
              + ", no certificate is valid then: set the time, for example with ntpdate");
    }
    if (ProcessFacts.read().effectiveUid() != 0) {
      throw new AgentException(
          "the agent needs root: it mounts volumes, makes network interfaces and starts containers;"
              + " run it with sudo");
    }
    switch (CgroupCheck.of(CgroupFs.detect(mounts).layout())) {
      case CgroupCheck.Suffices() -> {}
      case CgroupCheck.Warns(var messages) ->
          messages.forEach(message -> log.atWarn().log(message));
      case CgroupCheck.Lacks(String message) -> throw new AgentException(message);
    }
  }
}
