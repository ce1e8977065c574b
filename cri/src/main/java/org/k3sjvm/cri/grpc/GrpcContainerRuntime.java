package org.k3sjvm.cri.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.k3sjvm.cri.CgroupDriver;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerEvent;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ContainerStats;
import org.k3sjvm.cri.ContainerStatus;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxStatus;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.cri.RuntimeVersion;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.StdStreams;
import org.k3sjvm.cri.proto.AttachRequest;
import org.k3sjvm.cri.proto.ContainerEventResponse;
import org.k3sjvm.cri.proto.ContainerStatsRequest;
import org.k3sjvm.cri.proto.ContainerStatusRequest;
import org.k3sjvm.cri.proto.CreateContainerRequest;
import org.k3sjvm.cri.proto.Envelope;
import org.k3sjvm.cri.proto.ExecRequest;
import org.k3sjvm.cri.proto.ExecSyncRequest;
import org.k3sjvm.cri.proto.ExecSyncResponse;
import org.k3sjvm.cri.proto.GetEventsRequest;
import org.k3sjvm.cri.proto.ListContainerStatsRequest;
import org.k3sjvm.cri.proto.ListContainersRequest;
import org.k3sjvm.cri.proto.ListPodSandboxRequest;
import org.k3sjvm.cri.proto.NetworkConfig;
import org.k3sjvm.cri.proto.PodSandboxStatusRequest;
import org.k3sjvm.cri.proto.PortForwardRequest;
import org.k3sjvm.cri.proto.RemoveContainerRequest;
import org.k3sjvm.cri.proto.RemovePodSandboxRequest;
import org.k3sjvm.cri.proto.ReopenContainerLogRequest;
import org.k3sjvm.cri.proto.RunPodSandboxRequest;
import org.k3sjvm.cri.proto.RuntimeConfig;
import org.k3sjvm.cri.proto.RuntimeConfigRequest;
import org.k3sjvm.cri.proto.StartContainerRequest;
import org.k3sjvm.cri.proto.StatusRequest;
import org.k3sjvm.cri.proto.StopContainerRequest;
import org.k3sjvm.cri.proto.StopPodSandboxRequest;
import org.k3sjvm.cri.proto.SubscribeRequest;
import org.k3sjvm.cri.proto.TaskExit;
import org.k3sjvm.cri.proto.UpdateContainerResourcesRequest;
import org.k3sjvm.cri.proto.UpdateRuntimeConfigRequest;
import org.k3sjvm.cri.proto.VersionRequest;
import org.k3sjvm.cri.proto.VersionResponse;

/** {@link ContainerRuntime} over a {@link CriChannel}. */
public final class GrpcContainerRuntime implements ContainerRuntime {
  /** Source: kubelet v1.36 kuberuntime, kubeRuntimeAPIVersion. */
  private static final String ASKED_VERSION = "0.1.0";

  /** Source: containerd filters package; the namespace is the one of its CRI plugin. */
  private static final String EXITS_OF_PODS = "namespace==k8s.io,topic==\"/tasks/exit\"";

  private final CriChannel channel;
  private final CriTimeouts timeouts;

  public GrpcContainerRuntime(CriChannel channel, CriTimeouts timeouts) {
    this.channel = channel;
    this.timeouts = timeouts;
  }

  @Override
  public RuntimeVersion version() throws InterruptedException {
    VersionRequest request = VersionRequest.newBuilder().setVersion(ASKED_VERSION).build();
    VersionResponse response = channel.call(CriMethods.VERSION, request, "", timeouts.plain());
    return new RuntimeVersion(
        response.getRuntimeName(), response.getRuntimeVersion(), response.getRuntimeApiVersion());
  }

  @Override
  public RuntimeStatus status() throws InterruptedException {
    return channel.call(
        CriMethods.STATUS,
        StatusRequest.getDefaultInstance(),
        "",
        timeouts.plain(),
        StatesFromProto::runtime);
  }

  @Override
  public SandboxId runPodSandbox(PodSandboxConfig config, String runtimeHandler)
      throws InterruptedException {
    RunPodSandboxRequest request =
        RunPodSandboxRequest.newBuilder()
            .setConfig(ConfigsToProto.sandbox(config))
            .setRuntimeHandler(runtimeHandler)
            .build();
    String subject = config.metadata().namespace() + "/" + config.metadata().name();
    return channel.call(
        CriMethods.RUN_POD_SANDBOX,
        request,
        subject,
        timeouts.runPodSandbox(),
        answer -> new SandboxId(answer.getPodSandboxId()));
  }

  @Override
  public void stopPodSandbox(SandboxId sandbox) throws InterruptedException {
    StopPodSandboxRequest request =
        StopPodSandboxRequest.newBuilder().setPodSandboxId(sandbox.value()).build();
    try {
      channel.call(CriMethods.STOP_POD_SANDBOX, request, sandbox.value(), timeouts.plain());
    } catch (CriException.NotFound gone) {
      return; // What was asked for is so.
    }
  }

  @Override
  public void removePodSandbox(SandboxId sandbox) throws InterruptedException {
    RemovePodSandboxRequest request =
        RemovePodSandboxRequest.newBuilder().setPodSandboxId(sandbox.value()).build();
    try {
      channel.call(CriMethods.REMOVE_POD_SANDBOX, request, sandbox.value(), timeouts.plain());
    } catch (CriException.NotFound gone) {
      return; // What was asked for is so.
    }
  }

  @Override
  public PodSandboxStatus podSandboxStatus(SandboxId sandbox) throws InterruptedException {
    PodSandboxStatusRequest request =
        PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox.value()).build();
    return channel.call(
        CriMethods.POD_SANDBOX_STATUS,
        request,
        sandbox.value(),
        timeouts.plain(),
        answer -> {
          requireAbout(sandbox.value(), answer.getStatus().getId());
          return StatesFromProto.sandboxStatus(answer.getStatus());
        });
  }

  @Override
  public List<PodSandbox> listPodSandboxes(SandboxFilter filter) throws InterruptedException {
    ListPodSandboxRequest request =
        ListPodSandboxRequest.newBuilder().setFilter(ConfigsToProto.filter(filter)).build();
    return channel.call(
        CriMethods.LIST_POD_SANDBOX,
        request,
        "",
        timeouts.plain(),
        answer ->
            answer.getItemsList().stream()
                .map(StatesFromProto::sandbox)
                .filter(s -> s.labels().entrySet().containsAll(filter.labels().entrySet()))
                .toList());
  }

  @Override
  public ContainerId createContainer(
      SandboxId sandbox, ContainerConfig config, PodSandboxConfig sandboxConfig)
      throws InterruptedException {
    CreateContainerRequest request =
        CreateContainerRequest.newBuilder()
            .setPodSandboxId(sandbox.value())
            .setConfig(ConfigsToProto.container(config))
            .setSandboxConfig(ConfigsToProto.sandbox(sandboxConfig))
            .build();
    return channel.call(
        CriMethods.CREATE_CONTAINER,
        request,
        config.metadata().name() + " in " + sandbox,
        timeouts.plain(),
        answer -> new ContainerId(answer.getContainerId()));
  }

  @Override
  public void startContainer(ContainerId container) throws InterruptedException {
    StartContainerRequest request =
        StartContainerRequest.newBuilder().setContainerId(container.value()).build();
    channel.call(CriMethods.START_CONTAINER, request, container.value(), timeouts.plain());
  }

  @Override
  public void stopContainer(ContainerId container, Duration timeout) throws InterruptedException {
    StopContainerRequest request =
        StopContainerRequest.newBuilder()
            .setContainerId(container.value())
            .setTimeout(timeout.toSeconds())
            .build();
    try {
      channel.call(
          CriMethods.STOP_CONTAINER, request, container.value(), timeouts.stopContainer(timeout));
    } catch (CriException.NotFound gone) {
      return; // What was asked for is so.
    }
  }

  @Override
  public void removeContainer(ContainerId container) throws InterruptedException {
    RemoveContainerRequest request =
        RemoveContainerRequest.newBuilder().setContainerId(container.value()).build();
    try {
      channel.call(CriMethods.REMOVE_CONTAINER, request, container.value(), timeouts.plain());
    } catch (CriException.NotFound gone) {
      return; // What was asked for is so.
    }
  }

  @Override
  public List<Container> listContainers(ContainerFilter filter) throws InterruptedException {
    ListContainersRequest request =
        ListContainersRequest.newBuilder().setFilter(ConfigsToProto.filter(filter)).build();
    return channel.call(
        CriMethods.LIST_CONTAINERS,
        request,
        "",
        timeouts.plain(),
        answer ->
            answer.getContainersList().stream()
                .map(StatesFromProto::container)
                .filter(c -> c.labels().entrySet().containsAll(filter.labels().entrySet()))
                .toList());
  }

  @Override
  public ContainerStatus containerStatus(ContainerId container) throws InterruptedException {
    ContainerStatusRequest request =
        ContainerStatusRequest.newBuilder().setContainerId(container.value()).build();
    return channel.call(
        CriMethods.CONTAINER_STATUS,
        request,
        container.value(),
        timeouts.plain(),
        answer -> {
          requireAbout(container.value(), answer.getStatus().getId());
          return StatesFromProto.containerStatus(answer.getStatus());
        });
  }

  @Override
  public void updateContainerResources(ContainerId container, LinuxResources resources)
      throws InterruptedException {
    UpdateContainerResourcesRequest request =
        UpdateContainerResourcesRequest.newBuilder()
            .setContainerId(container.value())
            .setLinux(ConfigsToProto.resources(resources))
            .build();
    channel.call(
        CriMethods.UPDATE_CONTAINER_RESOURCES, request, container.value(), timeouts.plain());
  }

  @Override
  public void reopenContainerLog(ContainerId container) throws InterruptedException {
    ReopenContainerLogRequest request =
        ReopenContainerLogRequest.newBuilder().setContainerId(container.value()).build();
    channel.call(CriMethods.REOPEN_CONTAINER_LOG, request, container.value(), timeouts.plain());
  }

  @Override
  public ExecResult execSync(ContainerId container, List<String> command, Duration timeout)
      throws InterruptedException {
    ExecSyncRequest request =
        ExecSyncRequest.newBuilder()
            .setContainerId(container.value())
            .addAllCmd(command)
            .setTimeout(timeout.toSeconds())
            .build();
    ExecSyncResponse response =
        channel.call(CriMethods.EXEC_SYNC, request, container.value(), timeouts.execSync(timeout));
    return new ExecResult(
        response.getStdout().toStringUtf8(),
        response.getStderr().toStringUtf8(),
        response.getExitCode());
  }

  @Override
  public URI exec(ContainerId container, List<String> command, StdStreams streams)
      throws InterruptedException {
    ExecRequest request =
        ExecRequest.newBuilder()
            .setContainerId(container.value())
            .addAllCmd(command)
            .setTty(streams.tty())
            .setStdin(streams.stdin())
            .setStdout(streams.stdout())
            .setStderr(streams.stderr())
            .build();
    return channel.call(
        CriMethods.EXEC,
        request,
        container.value(),
        timeouts.plain(),
        answer -> URI.create(answer.getUrl()));
  }

  @Override
  public URI attach(ContainerId container, StdStreams streams) throws InterruptedException {
    AttachRequest request =
        AttachRequest.newBuilder()
            .setContainerId(container.value())
            .setTty(streams.tty())
            .setStdin(streams.stdin())
            .setStdout(streams.stdout())
            .setStderr(streams.stderr())
            .build();
    return channel.call(
        CriMethods.ATTACH,
        request,
        container.value(),
        timeouts.plain(),
        answer -> URI.create(answer.getUrl()));
  }

  @Override
  public URI portForward(SandboxId sandbox, List<Integer> ports) throws InterruptedException {
    PortForwardRequest request =
        PortForwardRequest.newBuilder().setPodSandboxId(sandbox.value()).addAllPort(ports).build();
    return channel.call(
        CriMethods.PORT_FORWARD,
        request,
        sandbox.value(),
        timeouts.plain(),
        answer -> URI.create(answer.getUrl()));
  }

  @Override
  public ContainerStats containerStats(ContainerId container) throws InterruptedException {
    ContainerStatsRequest request =
        ContainerStatsRequest.newBuilder().setContainerId(container.value()).build();
    return channel.call(
        CriMethods.CONTAINER_STATS,
        request,
        container.value(),
        timeouts.plain(),
        answer -> StatsFromProto.container(answer.getStats()));
  }

  @Override
  public List<ContainerStats> listContainerStats(ContainerFilter filter)
      throws InterruptedException {
    ListContainerStatsRequest request =
        ListContainerStatsRequest.newBuilder()
            .setFilter(ConfigsToProto.statsFilter(filter))
            .build();
    return channel.call(
        CriMethods.LIST_CONTAINER_STATS,
        request,
        "",
        timeouts.plain(),
        answer -> answer.getStatsList().stream().map(StatsFromProto::container).toList());
  }

  @Override
  public void updateRuntimeConfig(List<String> podCidrs) throws InterruptedException {
    UpdateRuntimeConfigRequest request =
        UpdateRuntimeConfigRequest.newBuilder()
            .setRuntimeConfig(
                RuntimeConfig.newBuilder()
                    .setNetworkConfig(
                        NetworkConfig.newBuilder().setPodCidr(String.join(",", podCidrs))))
            .build();
    channel.call(CriMethods.UPDATE_RUNTIME_CONFIG, request, "", timeouts.plain());
  }

  @Override
  public CgroupDriver cgroupDriver() throws InterruptedException {
    return switch (channel
        .call(
            CriMethods.RUNTIME_CONFIG,
            RuntimeConfigRequest.getDefaultInstance(),
            "",
            timeouts.plain())
        .getLinux()
        .getCgroupDriver()) {
      case SYSTEMD -> CgroupDriver.SYSTEMD;
      case CGROUPFS, UNRECOGNIZED -> CgroupDriver.CGROUPFS;
    };
  }

  @Override
  public void containerEvents(Consumer<ContainerEvent> sink) throws InterruptedException {
    channel.stream(
        CriMethods.GET_CONTAINER_EVENTS,
        GetEventsRequest.getDefaultInstance(),
        event -> sensible(event).ifPresent(sink));
  }

  /** A lost event is made up for by the next look. */
  private static Optional<ContainerEvent> sensible(ContainerEventResponse event) {
    try {
      return Optional.of(StatesFromProto.event(event));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static void requireAbout(String asked, String answered) {
    if (!asked.equals(answered)) {
      throw new IllegalArgumentException("it is about " + answered);
    }
  }

  @Override
  public void exits(Consumer<String> sink) throws InterruptedException {
    channel.stream(
        CriMethods.SUBSCRIBE,
        SubscribeRequest.newBuilder().addFilters(EXITS_OF_PODS).build(),
        envelope -> exited(envelope).ifPresent(sink));
  }

  /** Commands that were run in a container end, too, and are of no interest. */
  private static Optional<String> exited(Envelope envelope) {
    try {
      TaskExit exit = TaskExit.parseFrom(envelope.getEvent().getValue());
      return exit.getId().equals(exit.getContainerId()) && !exit.getId().isEmpty()
          ? Optional.of(exit.getContainerId())
          : Optional.empty();
    } catch (InvalidProtocolBufferException e) {
      return Optional.empty();
    }
  }
}
