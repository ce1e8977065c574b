package org.k3sjvm.cri;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * The container runtime of this host, as CRI v1 sees it. Every call blocks, may be made from any
 * thread, and stops with {@link InterruptedException} when its thread is interrupted; the runtime
 * may still finish what was begun. Faults are {@link CriException}s: each method may throw {@link
 * CriException.Unavailable} and {@link CriException.DeadlineExceeded}, others are listed.
 *
 * <p>Source: Kubernetes cri-api v1.36, service {@code runtime.v1.RuntimeService}.
 */
public interface ContainerRuntime {
  /** Who answers. */
  RuntimeVersion version() throws InterruptedException;

  /** How the runtime and its network are. */
  RuntimeStatus status() throws InterruptedException;

  /**
   * Makes and starts a sandbox, network included; it is {@link SandboxState#READY} on return.
   *
   * @param runtimeHandler empty for the default
   * @throws CriException.Rejected among others: the same metadata exists already, the network
   *     plugin failed
   */
  SandboxId runPodSandbox(PodSandboxConfig config, String runtimeHandler)
      throws InterruptedException;

  /** Ends every process of the sandbox and gives its network back; idempotent, also when gone. */
  void stopPodSandbox(SandboxId sandbox) throws InterruptedException;

  /** Removes a sandbox and its containers, ending them if need be; idempotent, also when gone. */
  void removePodSandbox(SandboxId sandbox) throws InterruptedException;

  /**
   * A sandbox seen closely.
   *
   * @throws CriException.NotFound no such sandbox
   */
  PodSandboxStatus podSandboxStatus(SandboxId sandbox) throws InterruptedException;

  /** Sandboxes, in no order. */
  List<PodSandbox> listPodSandboxes(SandboxFilter filter) throws InterruptedException;

  /**
   * Makes a container without starting it.
   *
   * @param sandboxConfig the config that the sandbox was made with
   * @throws CriException.NotFound no such sandbox or image
   * @throws CriException.Rejected the sandbox is not ready, the name with this attempt is taken, or
   *     the config is refused
   */
  ContainerId createContainer(
      SandboxId sandbox, ContainerConfig config, PodSandboxConfig sandboxConfig)
      throws InterruptedException;

  /**
   * Starts a created container.
   *
   * @throws CriException.NotFound no such container
   * @throws CriException.Rejected not in state {@link ContainerState#CREATED}, or its command
   *     cannot be run; it is then {@link ContainerState#EXITED}
   */
  void startContainer(ContainerId container) throws InterruptedException;

  /**
   * Ends a container: stop signal, then SIGKILL once the time is over. Returns when it has ended;
   * idempotent, also when gone.
   *
   * @param timeout whole seconds; zero kills at once
   */
  void stopContainer(ContainerId container, Duration timeout) throws InterruptedException;

  /** Removes a container, ending it if need be; idempotent, also when gone. */
  void removeContainer(ContainerId container) throws InterruptedException;

  /** Containers, in no order. */
  List<Container> listContainers(ContainerFilter filter) throws InterruptedException;

  /**
   * A container seen closely.
   *
   * @throws CriException.NotFound no such container
   */
  ContainerStatus containerStatus(ContainerId container) throws InterruptedException;

  /**
   * Changes limits of a container that is created or running. Values not set stay.
   *
   * @throws CriException.NotFound no such container
   * @throws CriException.Rejected refused by the kernel, or the container has ended
   */
  void updateContainerResources(ContainerId container, LinuxResources resources)
      throws InterruptedException;

  /**
   * Opens the log file anew after it was renamed.
   *
   * @throws CriException.NotFound no such container
   * @throws CriException.Rejected the container does not run
   */
  void reopenContainerLog(ContainerId container) throws InterruptedException;

  /**
   * Runs a command to its end. An exit code other than 0 is a result, not a fault.
   *
   * @param timeout whole seconds, after which the command is killed; zero for no limit
   * @throws CriException.NotFound no such container
   * @throws CriException.DeadlineExceeded the command did not end in time
   * @throws CriException.Rejected the container does not run, or there is no such command
   */
  ExecResult execSync(ContainerId container, List<String> command, Duration timeout)
      throws InterruptedException;

  /**
   * Prepares a command whose streams a client takes from the runtime's streaming server.
   *
   * @return a URL with a token that serves once and for a minute
   * @throws CriException.NotFound no such container
   * @throws CriException.Rejected the container does not run
   */
  URI exec(ContainerId container, List<String> command, StdStreams streams)
      throws InterruptedException;

  /**
   * The same for the streams of the container's own process.
   *
   * @throws CriException.NotFound no such container
   * @throws CriException.Rejected the container does not run
   */
  URI attach(ContainerId container, StdStreams streams) throws InterruptedException;

  /**
   * The same for connections to ports of a sandbox.
   *
   * @param ports may be empty: the client then names them
   * @throws CriException.NotFound no such sandbox
   * @throws CriException.Rejected the sandbox is not ready
   */
  URI portForward(SandboxId sandbox, List<Integer> ports) throws InterruptedException;

  /**
   * What a container takes.
   *
   * @throws CriException.NotFound no such container
   */
  ContainerStats containerStats(ContainerId container) throws InterruptedException;

  /** What containers take, in no order; the filter's state is ignored. */
  List<ContainerStats> listContainerStats(ContainerFilter filter) throws InterruptedException;

  /**
   * Tells the runtime the pod network, for those that write the network plugin's config.
   *
   * @param podCidrs one per address family
   */
  void updateRuntimeConfig(List<String> podCidrs) throws InterruptedException;

  /**
   * Which cgroup driver the runtime uses.
   *
   * @throws CriException.Unimplemented on containerd before 2.0: then it is what was configured
   */
  CgroupDriver cgroupDriver() throws InterruptedException;

  /**
   * Hands events to the sink, on the calling thread and in order, until interrupted or the runtime
   * ends the stream. Events from before the call are not repeated.
   *
   * @throws CriException.Unimplemented on containerd before 1.7: then poll
   * @throws CriException.Unavailable the runtime went away; list again and call again
   */
  void containerEvents(Consumer<ContainerEvent> sink) throws InterruptedException;

  /**
   * Hands over the ids of containers and sandboxes whose own process has ended, on the calling
   * thread, until interrupted or the runtime ends the stream. The runtime may need a moment more
   * until its lists say so, too.
   *
   * @throws CriException.Unimplemented on runtimes other than containerd
   * @throws CriException.Unavailable the runtime went away; list again and call again
   */
  default void exits(Consumer<String> sink) throws InterruptedException {
    throw new CriException.Unimplemented(
        "Subscribe", "", "this runtime does not tell of exits", null);
  }
}
