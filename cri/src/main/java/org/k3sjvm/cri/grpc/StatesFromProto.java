package org.k3sjvm.cri.grpc;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerEvent;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerSecurityContext.RunAs;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.ContainerStatus;
import org.k3sjvm.cri.HugepageLimit;
import org.k3sjvm.cri.IdMapping;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.NamespaceOptions;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.PodSandboxStatus;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.SandboxState;
import org.k3sjvm.cri.UserNamespace;
import org.k3sjvm.cri.proto.ContainerEventResponse;
import org.k3sjvm.cri.proto.IDMapping;
import org.k3sjvm.cri.proto.LinuxContainerResources;
import org.k3sjvm.cri.proto.LinuxContainerUser;
import org.k3sjvm.cri.proto.NamespaceOption;
import org.k3sjvm.cri.proto.PodSandboxNetworkStatus;
import org.k3sjvm.cri.proto.PodSandboxState;
import org.k3sjvm.cri.proto.Signal;
import org.k3sjvm.cri.proto.StatusResponse;

/** What the runtime shows, as our records. */
final class StatesFromProto {
  private StatesFromProto() {}

  static RuntimeStatus runtime(StatusResponse from) {
    return new RuntimeStatus(
        from.getStatus().getConditionsList().stream()
            .map(
                c ->
                    new RuntimeStatus.RuntimeCondition(
                        c.getType(), c.getStatus(), c.getReason(), c.getMessage()))
            .toList(),
        from.getRuntimeHandlersList().stream()
            .map(
                h ->
                    new RuntimeStatus.RuntimeHandler(
                        h.getName(),
                        h.getFeatures().getRecursiveReadOnlyMounts(),
                        h.getFeatures().getUserNamespaces()))
            .toList(),
        new RuntimeStatus.RuntimeFeatures(from.getFeatures().getSupplementalGroupsPolicy()));
  }

  static PodSandbox sandbox(org.k3sjvm.cri.proto.PodSandbox from) {
    return new PodSandbox(
        new SandboxId(from.getId()),
        metadata(from.getMetadata()),
        state(from.getState()),
        instant(from.getCreatedAt()),
        from.getLabelsMap(),
        from.getAnnotationsMap(),
        from.getRuntimeHandler());
  }

  static PodSandboxStatus sandboxStatus(org.k3sjvm.cri.proto.PodSandboxStatus from) {
    boolean saysNamespaces = from.hasLinux() && from.getLinux().getNamespaces().hasOptions();
    return new PodSandboxStatus(
        new SandboxId(from.getId()),
        metadata(from.getMetadata()),
        state(from.getState()),
        instant(from.getCreatedAt()),
        ips(from.getNetwork()),
        saysNamespaces
            ? Optional.of(namespaces(from.getLinux().getNamespaces().getOptions()))
            : Optional.empty(),
        from.getLabelsMap(),
        from.getAnnotationsMap(),
        from.getRuntimeHandler());
  }

  static Container container(org.k3sjvm.cri.proto.Container from) {
    return new Container(
        new ContainerId(from.getId()),
        new SandboxId(from.getPodSandboxId()),
        metadata(from.getMetadata()),
        imageSpec(from.getImage()),
        from.getImageRef(),
        from.getImageId(),
        state(from.getState()),
        instant(from.getCreatedAt()),
        from.getLabelsMap(),
        from.getAnnotationsMap());
  }

  static ContainerStatus containerStatus(org.k3sjvm.cri.proto.ContainerStatus from) {
    return new ContainerStatus(
        new ContainerId(from.getId()),
        metadata(from.getMetadata()),
        state(from.getState()),
        instant(from.getCreatedAt()),
        event(from.getStartedAt()),
        event(from.getFinishedAt()),
        from.getExitCode(),
        imageSpec(from.getImage()),
        from.getImageRef(),
        from.getImageId(),
        from.getReason(),
        from.getMessage(),
        from.getLabelsMap(),
        from.getAnnotationsMap(),
        from.getMountsList().stream().map(StatesFromProto::mount).toList(),
        from.getLogPath(),
        from.getResources().hasLinux()
            ? Optional.of(resources(from.getResources().getLinux()))
            : Optional.empty(),
        from.getUser().hasLinux() ? Optional.of(user(from.getUser().getLinux())) : Optional.empty(),
        signal(from.getStopSignal()));
  }

  static ContainerEvent event(ContainerEventResponse from) {
    return new ContainerEvent(
        from.getContainerId(),
        switch (from.getContainerEventType()) {
          case CONTAINER_CREATED_EVENT -> ContainerEvent.Type.CREATED;
          case CONTAINER_STARTED_EVENT -> ContainerEvent.Type.STARTED;
          case CONTAINER_STOPPED_EVENT -> ContainerEvent.Type.STOPPED;
          case CONTAINER_DELETED_EVENT, UNRECOGNIZED -> ContainerEvent.Type.DELETED;
        },
        instant(from.getCreatedAt()),
        from.hasPodSandboxStatus()
            ? Optional.of(sandboxStatus(from.getPodSandboxStatus()))
            : Optional.empty(),
        from.getContainersStatusesList().stream().map(StatesFromProto::containerStatus).toList());
  }

  static Image image(org.k3sjvm.cri.proto.Image from) {
    Optional<RunAs> user =
        from.hasUid()
            ? Optional.of(new RunAs.Uid(from.getUid().getValue()))
            : from.getUsername().isEmpty()
                ? Optional.empty()
                : Optional.of(new RunAs.Username(from.getUsername()));
    return new Image(
        from.getId(),
        from.getRepoTagsList(),
        from.getRepoDigestsList(),
        from.getSize(),
        user,
        from.getPinned());
  }

  static ContainerMetadata metadata(org.k3sjvm.cri.proto.ContainerMetadata from) {
    return new ContainerMetadata(from.getName(), from.getAttempt());
  }

  /** Nanoseconds since 1970. */
  static Instant instant(long nanos) {
    return Instant.EPOCH.plusNanos(nanos);
  }

  private static Optional<Instant> event(long nanos) {
    return nanos > 0 ? Optional.of(instant(nanos)) : Optional.empty();
  }

  private static PodSandboxMetadata metadata(org.k3sjvm.cri.proto.PodSandboxMetadata from) {
    return new PodSandboxMetadata(
        from.getName(), from.getNamespace(), from.getUid(), from.getAttempt());
  }

  private static SandboxState state(PodSandboxState state) {
    return switch (state) {
      case SANDBOX_READY -> SandboxState.READY;
      case SANDBOX_NOTREADY, UNRECOGNIZED -> SandboxState.NOT_READY;
    };
  }

  private static ContainerState state(org.k3sjvm.cri.proto.ContainerState state) {
    return switch (state) {
      case CONTAINER_CREATED -> ContainerState.CREATED;
      case CONTAINER_RUNNING -> ContainerState.RUNNING;
      case CONTAINER_EXITED -> ContainerState.EXITED;
      case CONTAINER_UNKNOWN, UNRECOGNIZED -> ContainerState.UNKNOWN;
    };
  }

  private static List<String> ips(PodSandboxNetworkStatus network) {
    List<String> result = new ArrayList<>();
    if (!network.getIp().isEmpty()) {
      result.add(network.getIp());
    }
    network.getAdditionalIpsList().forEach(ip -> result.add(ip.getIp()));
    return result;
  }

  private static NamespaceOptions namespaces(NamespaceOption from) {
    NamespaceMode pid = mode(from.getPid());
    return new NamespaceOptions(
        mode(from.getNetwork()),
        pid,
        mode(from.getIpc()),
        pid == NamespaceMode.TARGET
            ? Optional.of(new ContainerId(from.getTargetId()))
            : Optional.empty(),
        from.hasUsernsOptions()
            ? Optional.of(
                new UserNamespace(
                    mode(from.getUsernsOptions().getMode()),
                    idMappings(from.getUsernsOptions().getUidsList()),
                    idMappings(from.getUsernsOptions().getGidsList())))
            : Optional.empty());
  }

  private static NamespaceMode mode(org.k3sjvm.cri.proto.NamespaceMode mode) {
    return switch (mode) {
      case POD, UNRECOGNIZED -> NamespaceMode.POD;
      case CONTAINER -> NamespaceMode.CONTAINER;
      case NODE -> NamespaceMode.NODE;
      case TARGET -> NamespaceMode.TARGET;
    };
  }

  private static List<IdMapping> idMappings(List<IDMapping> mappings) {
    return mappings.stream()
        .map(
            m ->
                new IdMapping(
                    Integer.toUnsignedLong(m.getHostId()),
                    Integer.toUnsignedLong(m.getContainerId()),
                    Integer.toUnsignedLong(m.getLength())))
        .toList();
  }

  private static ImageSpec imageSpec(org.k3sjvm.cri.proto.ImageSpec from) {
    return new ImageSpec(
        from.getImage(),
        from.getAnnotationsMap(),
        from.getUserSpecifiedImage(),
        from.getRuntimeHandler(),
        from.getImageRef());
  }

  private static Mount mount(org.k3sjvm.cri.proto.Mount from) {
    return new Mount(
        from.getContainerPath(),
        from.getHostPath(),
        from.getReadonly(),
        from.getSelinuxRelabel(),
        switch (from.getPropagation()) {
          case PROPAGATION_PRIVATE, UNRECOGNIZED -> Mount.Propagation.PRIVATE;
          case PROPAGATION_HOST_TO_CONTAINER -> Mount.Propagation.HOST_TO_CONTAINER;
          case PROPAGATION_BIDIRECTIONAL -> Mount.Propagation.BIDIRECTIONAL;
        },
        idMappings(from.getUidMappingsList()),
        idMappings(from.getGidMappingsList()),
        from.getRecursiveReadOnly(),
        from.hasImage() ? Optional.of(imageSpec(from.getImage())) : Optional.empty(),
        from.getImageSubPath());
  }

  private static LinuxResources resources(LinuxContainerResources from) {
    return new LinuxResources(
        from.getCpuPeriod(),
        from.getCpuQuota(),
        from.getCpuShares(),
        from.getMemoryLimitInBytes(),
        from.getMemorySwapLimitInBytes(),
        from.getOomScoreAdj(),
        from.getCpusetCpus(),
        from.getCpusetMems(),
        from.getHugepageLimitsList().stream()
            .map(limit -> new HugepageLimit(limit.getPageSize(), limit.getLimit()))
            .toList(),
        from.getUnifiedMap());
  }

  private static ContainerStatus.ContainerUser user(LinuxContainerUser from) {
    return new ContainerStatus.ContainerUser(
        from.getUid(), from.getGid(), from.getSupplementalGroupsList());
  }

  /** As Kubernetes writes it: {@code SIGTERM}, {@code SIGRTMIN+1}. */
  private static String signal(Signal from) {
    return switch (from) {
      case SIGNAL_RUNTIME_DEFAULT, UNRECOGNIZED -> "";
      default ->
          from.name()
              .substring("SIGNAL_".length())
              .replace("RTMINPLUS", "RTMIN+")
              .replace("RTMAXMINUS", "RTMAX-");
    };
  }
}
