package org.k3sjvm.cri.grpc;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Locale;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.Device;
import org.k3sjvm.cri.DnsConfig;
import org.k3sjvm.cri.EnvVar;
import org.k3sjvm.cri.IdMapping;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.cri.LinuxSandboxConfig;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.PortMapping;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.proto.AuthConfig;
import org.k3sjvm.cri.proto.CDIDevice;
import org.k3sjvm.cri.proto.ContainerMetadata;
import org.k3sjvm.cri.proto.ContainerState;
import org.k3sjvm.cri.proto.ContainerStateValue;
import org.k3sjvm.cri.proto.ContainerStatsFilter;
import org.k3sjvm.cri.proto.DNSConfig;
import org.k3sjvm.cri.proto.HugepageLimit;
import org.k3sjvm.cri.proto.IDMapping;
import org.k3sjvm.cri.proto.KeyValue;
import org.k3sjvm.cri.proto.LinuxContainerConfig;
import org.k3sjvm.cri.proto.LinuxContainerResources;
import org.k3sjvm.cri.proto.LinuxPodSandboxConfig;
import org.k3sjvm.cri.proto.MountPropagation;
import org.k3sjvm.cri.proto.PodSandboxFilter;
import org.k3sjvm.cri.proto.PodSandboxState;
import org.k3sjvm.cri.proto.PodSandboxStateValue;
import org.k3sjvm.cri.proto.Protocol;
import org.k3sjvm.cri.proto.Signal;

/** What we ask of the runtime, as messages. */
final class ConfigsToProto {
  private ConfigsToProto() {}

  static org.k3sjvm.cri.proto.PodSandboxConfig sandbox(PodSandboxConfig config) {
    PodSandboxMetadata metadata = config.metadata();
    org.k3sjvm.cri.proto.PodSandboxConfig.Builder result =
        org.k3sjvm.cri.proto.PodSandboxConfig.newBuilder()
            .setMetadata(
                org.k3sjvm.cri.proto.PodSandboxMetadata.newBuilder()
                    .setName(metadata.name())
                    .setNamespace(metadata.namespace())
                    .setUid(metadata.uid())
                    .setAttempt(metadata.attempt()))
            .setHostname(config.hostname())
            .setLogDirectory(config.logDirectory())
            .putAllLabels(config.labels())
            .putAllAnnotations(config.annotations())
            .setLinux(linux(config.linux()));
    config.dns().ifPresent(dns -> result.setDnsConfig(dns(dns)));
    config.portMappings().forEach(port -> result.addPortMappings(port(port)));
    return result.build();
  }

  static org.k3sjvm.cri.proto.ContainerConfig container(ContainerConfig config) {
    org.k3sjvm.cri.proto.ContainerConfig.Builder result =
        org.k3sjvm.cri.proto.ContainerConfig.newBuilder()
            .setMetadata(
                ContainerMetadata.newBuilder()
                    .setName(config.metadata().name())
                    .setAttempt(config.metadata().attempt()))
            .setImage(image(config.image()))
            .addAllCommand(config.command())
            .addAllArgs(config.args())
            .setWorkingDir(config.workingDir())
            .putAllLabels(config.labels())
            .putAllAnnotations(config.annotations())
            .setLogPath(config.logPath())
            .setStdin(config.stdin())
            .setStdinOnce(config.stdinOnce())
            .setTty(config.tty())
            .setLinux(
                LinuxContainerConfig.newBuilder()
                    .setResources(resources(config.resources()))
                    .setSecurityContext(SecurityToProto.container(config.securityContext())))
            .setStopSignal(signal(config.stopSignal()));
    config.envs().forEach(env -> result.addEnvs(env(env)));
    config.mounts().forEach(mount -> result.addMounts(mount(mount)));
    config.devices().forEach(device -> result.addDevices(device(device)));
    config.cdiDevices().forEach(n -> result.addCDIDevices(CDIDevice.newBuilder().setName(n)));
    return result.build();
  }

  static LinuxContainerResources resources(LinuxResources from) {
    LinuxContainerResources.Builder result =
        LinuxContainerResources.newBuilder()
            .setCpuPeriod(from.cpuPeriodMicros())
            .setCpuQuota(from.cpuQuotaMicros())
            .setCpuShares(from.cpuShares())
            .setMemoryLimitInBytes(from.memoryLimitBytes())
            .setMemorySwapLimitInBytes(from.memorySwapLimitBytes())
            .setOomScoreAdj(from.oomScoreAdj())
            .setCpusetCpus(from.cpusetCpus())
            .setCpusetMems(from.cpusetMems())
            .putAllUnified(from.unified());
    from.hugepageLimits()
        .forEach(
            limit ->
                result.addHugepageLimits(
                    HugepageLimit.newBuilder()
                        .setPageSize(limit.pageSize())
                        .setLimit(limit.limitBytes())));
    return result.build();
  }

  static org.k3sjvm.cri.proto.ImageSpec image(ImageSpec image) {
    return org.k3sjvm.cri.proto.ImageSpec.newBuilder()
        .setImage(image.image())
        .putAllAnnotations(image.annotations())
        .setUserSpecifiedImage(image.userSpecifiedImage())
        .setRuntimeHandler(image.runtimeHandler())
        .setImageRef(image.imageRef())
        .build();
  }

  static AuthConfig auth(RegistryAuth auth) {
    return AuthConfig.newBuilder()
        .setUsername(auth.username())
        .setPassword(auth.password().reveal())
        .setAuth(auth.auth().reveal())
        .setServerAddress(auth.serverAddress())
        .setIdentityToken(auth.identityToken().reveal())
        .setRegistryToken(auth.registryToken().reveal())
        .build();
  }

  static PodSandboxFilter filter(SandboxFilter filter) {
    PodSandboxFilter.Builder result =
        PodSandboxFilter.newBuilder().putAllLabelSelector(filter.labels());
    filter.id().ifPresent(id -> result.setId(id.value()));
    filter
        .state()
        .map(
            state ->
                switch (state) {
                  case READY -> PodSandboxState.SANDBOX_READY;
                  case NOT_READY -> PodSandboxState.SANDBOX_NOTREADY;
                })
        .ifPresent(state -> result.setState(PodSandboxStateValue.newBuilder().setState(state)));
    return result.build();
  }

  static org.k3sjvm.cri.proto.ContainerFilter filter(ContainerFilter filter) {
    org.k3sjvm.cri.proto.ContainerFilter.Builder result =
        org.k3sjvm.cri.proto.ContainerFilter.newBuilder().putAllLabelSelector(filter.labels());
    filter.id().ifPresent(id -> result.setId(id.value()));
    filter.sandbox().ifPresent(id -> result.setPodSandboxId(id.value()));
    filter
        .state()
        .map(
            state ->
                switch (state) {
                  case CREATED -> ContainerState.CONTAINER_CREATED;
                  case RUNNING -> ContainerState.CONTAINER_RUNNING;
                  case EXITED -> ContainerState.CONTAINER_EXITED;
                  case UNKNOWN -> ContainerState.CONTAINER_UNKNOWN;
                })
        .ifPresent(state -> result.setState(ContainerStateValue.newBuilder().setState(state)));
    return result.build();
  }

  static ContainerStatsFilter statsFilter(ContainerFilter filter) {
    ContainerStatsFilter.Builder result =
        ContainerStatsFilter.newBuilder().putAllLabelSelector(filter.labels());
    filter.id().ifPresent(id -> result.setId(id.value()));
    filter.sandbox().ifPresent(id -> result.setPodSandboxId(id.value()));
    return result.build();
  }

  static List<IDMapping> idMappings(List<IdMapping> mappings) {
    return mappings.stream()
        .map(
            m ->
                IDMapping.newBuilder()
                    .setHostId((int) m.hostId())
                    .setContainerId((int) m.containerId())
                    .setLength((int) m.length())
                    .build())
        .toList();
  }

  private static LinuxPodSandboxConfig linux(LinuxSandboxConfig linux) {
    LinuxPodSandboxConfig.Builder result =
        LinuxPodSandboxConfig.newBuilder()
            .setCgroupParent(linux.cgroupParent())
            .setSecurityContext(SecurityToProto.sandbox(linux.securityContext()))
            .putAllSysctls(linux.sysctls());
    linux.overhead().ifPresent(r -> result.setOverhead(resources(r)));
    linux.resources().ifPresent(r -> result.setResources(resources(r)));
    return result.build();
  }

  private static DNSConfig dns(DnsConfig dns) {
    return DNSConfig.newBuilder()
        .addAllServers(dns.servers())
        .addAllSearches(dns.searches())
        .addAllOptions(dns.options())
        .build();
  }

  private static org.k3sjvm.cri.proto.PortMapping port(PortMapping port) {
    return org.k3sjvm.cri.proto.PortMapping.newBuilder()
        .setProtocol(
            switch (port.protocol()) {
              case TCP -> Protocol.TCP;
              case UDP -> Protocol.UDP;
              case SCTP -> Protocol.SCTP;
            })
        .setContainerPort(port.containerPort())
        .setHostPort(port.hostPort())
        .setHostIp(port.hostIp())
        .build();
  }

  private static KeyValue env(EnvVar env) {
    return KeyValue.newBuilder()
        .setKey(env.name())
        .setValue(ByteString.copyFromUtf8(env.value()))
        .build();
  }

  private static org.k3sjvm.cri.proto.Mount mount(Mount mount) {
    org.k3sjvm.cri.proto.Mount.Builder result =
        org.k3sjvm.cri.proto.Mount.newBuilder()
            .setContainerPath(mount.containerPath())
            .setHostPath(mount.hostPath())
            .setReadonly(mount.readonly())
            .setSelinuxRelabel(mount.selinuxRelabel())
            .setPropagation(
                switch (mount.propagation()) {
                  case PRIVATE -> MountPropagation.PROPAGATION_PRIVATE;
                  case HOST_TO_CONTAINER -> MountPropagation.PROPAGATION_HOST_TO_CONTAINER;
                  case BIDIRECTIONAL -> MountPropagation.PROPAGATION_BIDIRECTIONAL;
                })
            .addAllUidMappings(idMappings(mount.uidMappings()))
            .addAllGidMappings(idMappings(mount.gidMappings()))
            .setRecursiveReadOnly(mount.recursiveReadOnly())
            .setImageSubPath(mount.imageSubPath());
    mount.image().ifPresent(image -> result.setImage(image(image)));
    return result.build();
  }

  private static org.k3sjvm.cri.proto.Device device(Device device) {
    return org.k3sjvm.cri.proto.Device.newBuilder()
        .setContainerPath(device.containerPath())
        .setHostPath(device.hostPath())
        .setPermissions(device.permissions())
        .build();
  }

  /** {@code SIGQUIT} is {@code SIGNAL_SIGQUIT} on the wire. */
  @SuppressWarnings("LiteEnumValueOf") // Nothing renames the generated constants.
  private static Signal signal(String name) {
    if (name.isEmpty()) {
      return Signal.SIGNAL_RUNTIME_DEFAULT;
    }
    try {
      return Signal.valueOf(
          "SIGNAL_" + name.toUpperCase(Locale.ROOT).replace("+", "PLUS").replace("-", "MINUS"));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("there is no stop signal " + name, e);
    }
  }
}
