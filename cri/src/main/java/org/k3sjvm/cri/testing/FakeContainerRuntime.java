package org.k3sjvm.cri.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.CgroupDriver;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerEvent;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.ContainerStats;
import org.k3sjvm.cri.ContainerStatus;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.PodSandboxStatus;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.cri.RuntimeVersion;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.SandboxState;
import org.k3sjvm.cri.StdStreams;

/**
 * A runtime that keeps sandboxes and containers in memory and refuses illegal orders, as containerd
 * does. Containers run until they are stopped, told to {@link #exit}, or announced to end at their
 * start with {@link #exitAtStart}. Images are those of {@link #images()}. Any thread may call.
 */
public final class FakeContainerRuntime implements ContainerRuntime {
  private static final int SIGTERM_EXIT = 128 + 15;
  private static final int SIGKILL_EXIT = 128 + 9;

  private final Object lock = new Object();
  private final InstantSource clock;
  private final Sleeper sleeper;
  private final Orders orders = new Orders();
  private final FakeImageService images;
  private final FakeEvents events = new FakeEvents();

  @GuardedBy("lock")
  private final Map<SandboxId, FakeSandbox> sandboxes = new LinkedHashMap<>();

  @GuardedBy("lock")
  private final Map<ContainerId, FakeContainer> containers = new LinkedHashMap<>();

  @GuardedBy("lock")
  private final Map<String, RuntimeStatus.RuntimeCondition> conditions = new LinkedHashMap<>();

  @GuardedBy("lock")
  private Function<ContainerConfig, OptionalInt> endsAtStart = config -> OptionalInt.empty();

  @GuardedBy("lock")
  private BiFunction<ContainerId, List<String>, ExecResult> commands =
      (container, command) -> new ExecResult("", "", 0);

  @GuardedBy("lock")
  private List<String> podCidrs = List.of();

  @GuardedBy("lock")
  private int made;

  /**
   * A healthy runtime without pods.
   *
   * @param clock stamps what happens
   * @param sleeper how long a container that ignores SIGTERM takes to stop
   */
  public FakeContainerRuntime(InstantSource clock, Sleeper sleeper) {
    this.clock = clock;
    this.sleeper = sleeper;
    this.images = new FakeImageService(orders);
    setCondition(new RuntimeStatus.RuntimeCondition(RuntimeStatus.RUNTIME_READY, true, "", ""));
    setCondition(new RuntimeStatus.RuntimeCondition(RuntimeStatus.NETWORK_READY, true, "", ""));
  }

  /** A healthy runtime by the system's clock. */
  public static FakeContainerRuntime create() {
    return new FakeContainerRuntime(InstantSource.system(), Sleeper.SYSTEM);
  }

  // --- what a test tells it ---

  /** The images that containers are made of; it obeys the same orders. */
  public FakeImageService images() {
    return images;
  }

  /** The next call of that CRI name ({@code StopContainer}) fails, once; several queue up. */
  public void failNext(String verb, CriException fault) {
    orders.failNext(verb, fault);
  }

  /** The next call of that CRI name waits, before it has any effect, until it is let go. */
  public Hold holdNext(String verb) {
    return orders.holdNext(verb);
  }

  /** Every call fails with {@code Unavailable}, as while the runtime restarts; or no more. */
  public void setAway(boolean away) {
    orders.setAway(away);
  }

  /** Replaces the condition of that type. */
  public void setCondition(RuntimeStatus.RuntimeCondition condition) {
    synchronized (lock) {
      conditions.put(condition.type(), condition);
    }
  }

  /** Containers of that name end right after their start, from now on. */
  public void exitAtStart(String containerName, int exitCode) {
    synchronized (lock) {
      Function<ContainerConfig, OptionalInt> others = endsAtStart;
      endsAtStart =
          config ->
              config.metadata().name().equals(containerName)
                  ? OptionalInt.of(exitCode)
                  : others.apply(config);
    }
  }

  /** Containers run until told otherwise, from now on: undoes {@link #exitAtStart}. */
  public void runAfterStart() {
    synchronized (lock) {
      endsAtStart = config -> OptionalInt.empty();
    }
  }

  /** Answers {@code execSync}. */
  public void onExec(BiFunction<ContainerId, List<String>, ExecResult> answers) {
    synchronized (lock) {
      commands = answers;
    }
  }

  /** The process of a running container ends by itself. */
  public void exit(ContainerId container, int exitCode) {
    exit(container, exitCode, exitCode == 0 ? "Completed" : "Error");
  }

  /** The same with a reason such as {@code OOMKilled}. */
  public void exit(ContainerId container, int exitCode, String reason) {
    synchronized (lock) {
      FakeContainer found = container(container, "exit");
      if (found.state != ContainerState.RUNNING) {
        throw new IllegalStateException(container + " does not run but is " + found.state);
      }
      end(found, exitCode, reason);
    }
  }

  /** What containerd leaves when the caller of a start goes away before there is a process. */
  public void cutOffStart(ContainerId container) {
    synchronized (lock) {
      FakeContainer found = container(container, "cutOffStart");
      found.message =
          "failed to create containerd task: failed to create shim task: context canceled: unknown";
      end(found, 128, "StartError");
    }
  }

  /** From now on the container takes its whole grace period to stop. */
  public void ignoreTerm(ContainerId container) {
    synchronized (lock) {
      container(container, "ignoreTerm").ignoresTerm = true;
    }
  }

  /** The sandbox's own process ends, and with it every container. */
  public void killSandbox(SandboxId sandbox) {
    synchronized (lock) {
      endSandbox(sandbox(sandbox, "killSandbox"));
    }
  }

  /** What the container was made from. */
  public ContainerConfig configOf(ContainerId container) {
    synchronized (lock) {
      return container(container, "configOf").config;
    }
  }

  /** What the sandbox was made from. */
  public PodSandboxConfig configOf(SandboxId sandbox) {
    synchronized (lock) {
      return sandbox(sandbox, "configOf").config;
    }
  }

  /** The networks last given with {@link #updateRuntimeConfig}. */
  public List<String> podCidrs() {
    synchronized (lock) {
      return podCidrs;
    }
  }

  // --- the port ---

  @Override
  public RuntimeVersion version() throws InterruptedException {
    orders.obey("Version", "");
    return new RuntimeVersion("fake", "1.0.0", "v1");
  }

  @Override
  public RuntimeStatus status() throws InterruptedException {
    orders.obey("Status", "");
    synchronized (lock) {
      return new RuntimeStatus(
          List.copyOf(conditions.values()), List.of(), new RuntimeStatus.RuntimeFeatures(false));
    }
  }

  @Override
  public SandboxId runPodSandbox(PodSandboxConfig config, String runtimeHandler)
      throws InterruptedException {
    PodSandboxMetadata metadata = config.metadata();
    orders.obey("RunPodSandbox", metadata.name());
    synchronized (lock) {
      if (sandboxes.values().stream().anyMatch(s -> s.config.metadata().equals(metadata))) {
        throw new CriException.Rejected(
            "RunPodSandbox", metadata.name(), "name is reserved by another sandbox", true, null);
      }
      SandboxId id = new SandboxId(newId());
      boolean hostNetwork =
          config.linux().securityContext().namespaces().network() == NamespaceMode.NODE;
      FakeSandbox sandbox =
          new FakeSandbox(
              id,
              config,
              runtimeHandler,
              clock.instant(),
              hostNetwork ? List.of() : List.of("10.88." + (made >> 8) + "." + (made & 0xff)));
      sandboxes.put(id, sandbox);
      tell(id.value(), ContainerEvent.Type.CREATED, sandbox);
      tell(id.value(), ContainerEvent.Type.STARTED, sandbox);
      return id;
    }
  }

  @Override
  public void stopPodSandbox(SandboxId sandbox) throws InterruptedException {
    orders.obey("StopPodSandbox", sandbox.value());
    synchronized (lock) {
      FakeSandbox found = sandboxes.get(sandbox);
      if (found != null) {
        endSandbox(found);
      }
    }
  }

  @Override
  public void removePodSandbox(SandboxId sandbox) throws InterruptedException {
    orders.obey("RemovePodSandbox", sandbox.value());
    synchronized (lock) {
      FakeSandbox found = sandboxes.get(sandbox);
      if (found == null) {
        return;
      }
      endSandbox(found);
      containers.values().removeIf(c -> c.sandbox.equals(sandbox));
      sandboxes.remove(sandbox);
      tell(sandbox.value(), ContainerEvent.Type.DELETED, found);
    }
  }

  @Override
  public PodSandboxStatus podSandboxStatus(SandboxId sandbox) throws InterruptedException {
    orders.obey("PodSandboxStatus", sandbox.value());
    synchronized (lock) {
      return sandbox(sandbox, "PodSandboxStatus").status();
    }
  }

  @Override
  public List<PodSandbox> listPodSandboxes(SandboxFilter filter) throws InterruptedException {
    orders.obey("ListPodSandbox", "");
    synchronized (lock) {
      return sandboxes.values().stream()
          .filter(s -> s.matches(filter))
          .map(FakeSandbox::listed)
          .toList();
    }
  }

  @Override
  public ContainerId createContainer(
      SandboxId sandbox, ContainerConfig config, PodSandboxConfig sandboxConfig)
      throws InterruptedException {
    String name = config.metadata().name();
    orders.obey("CreateContainer", name);
    FakeImageService.Known image = images.need("CreateContainer", config.image());
    synchronized (lock) {
      FakeSandbox owner = sandbox(sandbox, "CreateContainer");
      if (owner.state != SandboxState.READY) {
        throw new CriException.Rejected(
            "CreateContainer", name, "sandbox " + sandbox + " is not ready", true, null);
      }
      boolean taken =
          containers.values().stream()
              .anyMatch(
                  c -> c.sandbox.equals(sandbox) && c.config.metadata().equals(config.metadata()));
      if (taken) {
        throw new CriException.Rejected(
            "CreateContainer", name, "name is reserved by another container", true, null);
      }
      FakeContainer container =
          new FakeContainer(
              new ContainerId(newId()), sandbox, config, sandboxConfig, image, clock.instant());
      containers.put(container.id, container);
      tell(container.id.value(), ContainerEvent.Type.CREATED, owner);
      return container.id;
    }
  }

  @Override
  public void startContainer(ContainerId container) throws InterruptedException {
    orders.obey("StartContainer", container.value());
    synchronized (lock) {
      FakeContainer found = container(container, "StartContainer");
      FakeSandbox owner = sandbox(found.sandbox, "StartContainer");
      if (found.state != ContainerState.CREATED || owner.state != SandboxState.READY) {
        throw new CriException.Rejected(
            "StartContainer", container.value(), "container is " + found.state, true, null);
      }
      found.state = ContainerState.RUNNING;
      found.startedAt = clock.instant();
      tell(container.value(), ContainerEvent.Type.STARTED, owner);
      OptionalInt code = endsAtStart.apply(found.config);
      if (code.isPresent()) {
        end(found, code.getAsInt(), code.getAsInt() == 0 ? "Completed" : "Error");
      }
    }
  }

  @Override
  public void stopContainer(ContainerId container, Duration timeout) throws InterruptedException {
    orders.obey("StopContainer", container.value());
    boolean waits;
    synchronized (lock) {
      FakeContainer found = containers.get(container);
      if (found == null || found.state != ContainerState.RUNNING) {
        return;
      }
      waits = found.ignoresTerm && timeout.isPositive();
      if (!waits) {
        boolean killed = timeout.isZero() || found.ignoresTerm;
        end(found, killed ? SIGKILL_EXIT : SIGTERM_EXIT, "Error");
        return;
      }
    }
    sleeper.sleep(timeout);
    synchronized (lock) {
      FakeContainer found = containers.get(container);
      if (found != null && found.state == ContainerState.RUNNING) {
        end(found, SIGKILL_EXIT, "Error");
      }
    }
  }

  @Override
  public void removeContainer(ContainerId container) throws InterruptedException {
    orders.obey("RemoveContainer", container.value());
    synchronized (lock) {
      FakeContainer found = containers.get(container);
      if (found == null) {
        return;
      }
      if (found.state == ContainerState.RUNNING) {
        end(found, SIGKILL_EXIT, "Error");
      }
      containers.remove(container);
      tell(container.value(), ContainerEvent.Type.DELETED, sandboxes.get(found.sandbox));
    }
  }

  @Override
  public List<Container> listContainers(ContainerFilter filter) throws InterruptedException {
    orders.obey("ListContainers", "");
    synchronized (lock) {
      return containers.values().stream()
          .filter(c -> c.matches(filter))
          .filter(c -> filter.state().map(state -> state == c.state).orElse(true))
          .map(FakeContainer::listed)
          .toList();
    }
  }

  @Override
  public ContainerStatus containerStatus(ContainerId container) throws InterruptedException {
    orders.obey("ContainerStatus", container.value());
    synchronized (lock) {
      return container(container, "ContainerStatus").status();
    }
  }

  @Override
  public void updateContainerResources(ContainerId container, LinuxResources resources)
      throws InterruptedException {
    orders.obey("UpdateContainerResources", container.value());
    synchronized (lock) {
      FakeContainer found = container(container, "UpdateContainerResources");
      if (found.state == ContainerState.EXITED) {
        throw notRunning("UpdateContainerResources", container);
      }
      found.resources = resources;
    }
  }

  @Override
  public void reopenContainerLog(ContainerId container) throws InterruptedException {
    orders.obey("ReopenContainerLog", container.value());
    running(container, "ReopenContainerLog");
  }

  @Override
  public ExecResult execSync(ContainerId container, List<String> command, Duration timeout)
      throws InterruptedException {
    orders.obey("ExecSync", container.value());
    running(container, "ExecSync");
    BiFunction<ContainerId, List<String>, ExecResult> answers;
    synchronized (lock) {
      answers = commands;
    }
    return answers.apply(container, command);
  }

  @Override
  public URI exec(ContainerId container, List<String> command, StdStreams streams)
      throws InterruptedException {
    orders.obey("Exec", container.value());
    running(container, "Exec");
    return URI.create("http://127.0.0.1:10010/exec/" + container);
  }

  @Override
  public URI attach(ContainerId container, StdStreams streams) throws InterruptedException {
    orders.obey("Attach", container.value());
    running(container, "Attach");
    return URI.create("http://127.0.0.1:10010/attach/" + container);
  }

  @Override
  public URI portForward(SandboxId sandbox, List<Integer> ports) throws InterruptedException {
    orders.obey("PortForward", sandbox.value());
    synchronized (lock) {
      if (sandbox(sandbox, "PortForward").state != SandboxState.READY) {
        throw new CriException.Rejected(
            "PortForward", sandbox.value(), "sandbox is not ready", false, null);
      }
    }
    return URI.create("http://127.0.0.1:10010/portforward/" + sandbox);
  }

  @Override
  public ContainerStats containerStats(ContainerId container) throws InterruptedException {
    orders.obey("ContainerStats", container.value());
    synchronized (lock) {
      return container(container, "ContainerStats").stats(clock.instant());
    }
  }

  @Override
  public List<ContainerStats> listContainerStats(ContainerFilter filter)
      throws InterruptedException {
    orders.obey("ListContainerStats", "");
    synchronized (lock) {
      return containers.values().stream()
          .filter(c -> c.matches(filter))
          .filter(c -> c.state == ContainerState.RUNNING)
          .map(c -> c.stats(clock.instant()))
          .toList();
    }
  }

  @Override
  public void updateRuntimeConfig(List<String> networks) throws InterruptedException {
    orders.obey("UpdateRuntimeConfig", "");
    synchronized (lock) {
      podCidrs = List.copyOf(networks);
    }
  }

  @Override
  public CgroupDriver cgroupDriver() throws InterruptedException {
    orders.obey("RuntimeConfig", "");
    return CgroupDriver.CGROUPFS;
  }

  @Override
  public void containerEvents(Consumer<ContainerEvent> sink) throws InterruptedException {
    orders.obey("GetContainerEvents", "");
    events.listen(sink);
  }

  // --- inside ---

  @GuardedBy("lock")
  private FakeSandbox sandbox(SandboxId id, String verb) {
    FakeSandbox found = sandboxes.get(id);
    if (found == null) {
      throw new CriException.NotFound(verb, id.value(), "no such sandbox", null);
    }
    return found;
  }

  @GuardedBy("lock")
  private FakeContainer container(ContainerId id, String verb) {
    FakeContainer found = containers.get(id);
    if (found == null) {
      throw new CriException.NotFound(verb, id.value(), "no such container", null);
    }
    return found;
  }

  private void running(ContainerId id, String verb) {
    synchronized (lock) {
      if (container(id, verb).state != ContainerState.RUNNING) {
        throw notRunning(verb, id);
      }
    }
  }

  private static CriException notRunning(String verb, ContainerId id) {
    return new CriException.Rejected(verb, id.value(), "container does not run", true, null);
  }

  @GuardedBy("lock")
  private void endSandbox(FakeSandbox sandbox) {
    for (FakeContainer c : containers.values()) {
      if (c.sandbox.equals(sandbox.id) && c.state == ContainerState.RUNNING) {
        end(c, SIGKILL_EXIT, "Error");
      }
    }
    if (sandbox.state == SandboxState.READY) {
      sandbox.state = SandboxState.NOT_READY;
      tell(sandbox.id.value(), ContainerEvent.Type.STOPPED, sandbox);
    }
  }

  @GuardedBy("lock")
  private void end(FakeContainer container, int exitCode, String reason) {
    container.end(exitCode, reason, clock.instant());
    tell(container.id.value(), ContainerEvent.Type.STOPPED, sandboxes.get(container.sandbox));
  }

  @GuardedBy("lock")
  private void tell(String id, ContainerEvent.Type type, @Nullable FakeSandbox sandbox) {
    if (!events.heard()) {
      return;
    }
    events.tell(
        new ContainerEvent(
            id,
            type,
            clock.instant(),
            Optional.ofNullable(sandbox).map(FakeSandbox::status),
            sandbox == null
                ? List.of()
                : containers.values().stream()
                    .filter(c -> c.sandbox.equals(sandbox.id))
                    .map(FakeContainer::status)
                    .toList()));
  }

  /** 64 hexadecimal digits that tell at a glance in which order things were made. */
  @GuardedBy("lock")
  private String newId() {
    return "%064x".formatted(++made);
  }
}
