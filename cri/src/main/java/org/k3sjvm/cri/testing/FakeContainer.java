package org.k3sjvm.cri.testing;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.ContainerStats;
import org.k3sjvm.cri.ContainerStatus;
import org.k3sjvm.cri.CpuUsage;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.cri.MemoryUsage;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.SandboxId;

/** A container in memory; guarded by the runtime that owns it. */
final class FakeContainer {
  final ContainerId id;
  final SandboxId sandbox;
  final ContainerConfig config;
  private final PodSandboxConfig sandboxConfig;
  private final FakeImageService.Known image;
  private final Instant createdAt;
  ContainerState state = ContainerState.CREATED;
  @Nullable Instant startedAt;
  @Nullable Instant finishedAt;
  int exitCode;
  String reason = "";
  String message = "";
  boolean ignoresTerm;
  LinuxResources resources;

  FakeContainer(
      ContainerId id,
      SandboxId sandbox,
      ContainerConfig config,
      PodSandboxConfig sandboxConfig,
      FakeImageService.Known image,
      Instant createdAt) {
    this.id = id;
    this.sandbox = sandbox;
    this.config = config;
    this.sandboxConfig = sandboxConfig;
    this.image = image;
    this.createdAt = createdAt;
    this.resources = config.resources();
  }

  boolean matches(ContainerFilter filter) {
    return filter.id().map(id::equals).orElse(true)
        && filter.sandbox().map(sandbox::equals).orElse(true)
        && config.labels().entrySet().containsAll(filter.labels().entrySet());
  }

  void end(int code, String why, Instant now) {
    state = ContainerState.EXITED;
    finishedAt = now;
    exitCode = code;
    reason = why;
  }

  Container listed() {
    return new Container(
        id,
        sandbox,
        config.metadata(),
        config.image(),
        image.id(),
        image.id(),
        state,
        createdAt,
        config.labels(),
        config.annotations());
  }

  ContainerStatus status() {
    boolean logs = !config.logPath().isEmpty() && !sandboxConfig.logDirectory().isEmpty();
    return new ContainerStatus(
        id,
        config.metadata(),
        state,
        createdAt,
        Optional.ofNullable(startedAt),
        Optional.ofNullable(finishedAt),
        exitCode,
        ImageSpec.of(image.name()),
        image.id(),
        image.id(),
        reason,
        message,
        config.labels(),
        config.annotations(),
        config.mounts(),
        logs ? sandboxConfig.logDirectory() + "/" + config.logPath() : "",
        Optional.of(resources),
        Optional.empty(),
        "");
  }

  /** One millisecond of CPU and one MiB, whatever it does. */
  ContainerStats stats(Instant now) {
    OptionalLong none = OptionalLong.empty();
    return new ContainerStats(
        id,
        config.metadata(),
        config.labels(),
        Optional.of(new CpuUsage(now, OptionalLong.of(1_000_000), none)),
        Optional.of(new MemoryUsage(now, OptionalLong.of(1 << 20), none, none, none, none, none)),
        Optional.empty(),
        Optional.empty());
  }
}
