package org.k3sjvm.kubelet.pod;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.SandboxId;

/** What is true of one pod's sandboxes and containers; no calls, no threads, no time of its own. */
final class ModelRuntime {
  /** A sandbox. */
  static final class Box {
    final SandboxId id;
    final int attempt;
    final Instant created;
    final boolean hostNetwork;
    final Set<String> initDone = new HashSet<>();
    final Set<String> up = new HashSet<>();
    List<String> ips;
    boolean ready = true;

    Box(SandboxId id, int attempt, Instant created, boolean hostNetwork, List<String> ips) {
      this.id = id;
      this.attempt = attempt;
      this.created = created;
      this.hostNetwork = hostNetwork;
      this.ips = ips;
    }
  }

  /** A container. */
  static final class Can {
    final ContainerId id;
    final Box box;
    final ContainerSpec spec;
    final int attempt;
    final Instant created;
    ContainerState state = ContainerState.CREATED;
    Instant started = Instant.EPOCH;
    Instant finished = Instant.EPOCH;
    int exitCode;
    boolean takesItsTime;

    Can(ContainerId id, Box box, ContainerSpec spec, int attempt, Instant created) {
      this.id = id;
      this.box = box;
      this.spec = spec;
      this.attempt = attempt;
      this.created = created;
    }

    String name() {
      return spec.name();
    }

    boolean running() {
      return state == ContainerState.RUNNING;
    }

    void end(int code, Instant at) {
      state = ContainerState.EXITED;
      exitCode = code;
      finished = at;
      if (spec.kind() == ContainerSpec.Kind.INIT && code == 0) {
        box.initDone.add(name());
      }
    }
  }

  final List<Box> boxes = new ArrayList<>();
  final List<Can> cans = new ArrayList<>();
  private int made;

  Box box(int attempt, Instant now, boolean hostNetwork, boolean address) {
    List<String> ips = address && !hostNetwork ? List.of("10.42.0." + ++made) : List.of();
    Box box = new Box(new SandboxId("s" + ++made), attempt, now, hostNetwork, ips);
    boxes.add(box);
    return box;
  }

  Can can(Box box, ContainerSpec spec, int attempt, Instant now) {
    Can can = new Can(new ContainerId("c" + ++made), box, spec, attempt, now.plusNanos(made));
    cans.add(can);
    return can;
  }

  Optional<Box> find(SandboxId id) {
    return boxes.stream().filter(b -> b.id.equals(id)).findFirst();
  }

  Optional<Can> find(ContainerId id) {
    return cans.stream().filter(c -> c.id.equals(id)).findFirst();
  }

  List<Can> running() {
    List<Can> all = new ArrayList<>();
    for (Can can : cans) {
      if (can.running()) {
        all.add(can);
      }
    }
    return all;
  }

  long ready() {
    return boxes.stream().filter(b -> b.ready).count();
  }

  /** The sandbox's process is gone, and with it everything in it. */
  void end(Box box, Instant now) {
    box.ready = false;
    for (Can can : cans) {
      if (can.box == box && can.state != ContainerState.EXITED) {
        can.end(137, now);
      }
    }
  }

  void remove(Box box) {
    boxes.remove(box);
    cans.removeIf(c -> c.box == box);
  }

  ObservedPod observed() {
    List<ObservedSandbox> sandboxes = new ArrayList<>();
    for (Box b : boxes) {
      sandboxes.add(new ObservedSandbox(b.id, b.attempt, b.ready, b.created, b.hostNetwork, b.ips));
    }
    List<ObservedContainer> containers = new ArrayList<>();
    for (Can c : cans) {
      containers.add(observed(c));
    }
    return new ObservedPod(sandboxes, containers);
  }

  private static ObservedContainer observed(Can c) {
    boolean ran = c.state != ContainerState.CREATED;
    return new ObservedContainer(
        c.id,
        c.box.id,
        c.name(),
        c.attempt,
        c.state,
        Optional.of(ContainerHash.of(c.spec.container())),
        c.created,
        ran ? Optional.of(c.started) : Optional.empty(),
        c.state == ContainerState.EXITED ? Optional.of(c.finished) : Optional.empty(),
        c.exitCode,
        "",
        "",
        c.spec.container().getImage(),
        "",
        "");
  }
}
