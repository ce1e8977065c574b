package org.k3sjvm.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.Stream;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.linux.cgroup.CgroupCheck;
import org.k3sjvm.linux.cgroup.CgroupFs;
import org.k3sjvm.linux.host.KernelDefaults;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.linux.host.ProcessFacts;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.linux.mount.Mounts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What must hold before anything starts: root, a clock that was set, control groups, and no swap
 * where the user forbids it. Source: k3s v1.36.3 pkg/agent/run.go.
 */
final class HostCheck {
  private static final Logger log = LoggerFactory.getLogger(HostCheck.class);
  private static final Instant FIRST_CREDIBLE_TIME = Instant.parse("1980-01-01T00:00:00Z");

  private HostCheck() {}

  /**
   * Checks this host.
   *
   * @throws AgentException when the agent cannot run here
   */
  static void verify(InstantSource clock, Mounts mounts, KubeletSettings settings) {
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
    if (settings.cgroups().failSwapOn()) {
      verifyNoSwap(Path.of("/proc/swaps"));
    }
    if (settings.protectKernelDefaults()) {
      verifyKernelDefaults(new ProcSysctls());
    }
  }

  static void verifyKernelDefaults(Sysctls sysctls) {
    List<String> missing = KernelDefaults.missing(sysctls);
    if (!missing.isEmpty()) {
      throw new AgentException(
          "the kernel is set otherwise than the kubelet needs, and --protect-kernel-defaults keeps it"
              + " from changing that: run sysctl -w "
              + String.join(" ", missing)
              + " and put the same into /etc/sysctl.d/90-kubelet.conf");
    }
  }

  private static void verifyNoSwap(Path swaps) {
    if (!Files.exists(swaps)) {
      return;
    }
    List<String> active;
    try (Stream<String> lines = Files.lines(swaps)) {
      active = lines.skip(1).toList();
    } catch (IOException | UncheckedIOException e) {
      throw new AgentException(
          "cannot tell whether swap is on: %s; set the kubelet setting fail-swap-on=false to start"
              .formatted(e));
    }
    if (!active.isEmpty()) {
      throw new AgentException(
          "swap is on, and the kubelet setting fail-swap-on forbids it: run swapoff -a, or set"
              + " fail-swap-on=false; in use: "
              + active);
    }
  }
}
