package org.k3sjvm.cri.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.Capabilities;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerSecurityContext;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Device;
import org.k3sjvm.cri.DnsConfig;
import org.k3sjvm.cri.EnvVar;
import org.k3sjvm.cri.HugepageLimit;
import org.k3sjvm.cri.IdMapping;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.cri.LinuxSandboxConfig;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.NamespaceOptions;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.PortMapping;
import org.k3sjvm.cri.SandboxSecurityContext;
import org.k3sjvm.cri.SecurityProfile;
import org.k3sjvm.cri.SupplementalGroupsPolicy;
import org.k3sjvm.cri.UserNamespace;
import org.k3sjvm.cri.proto.LinuxContainerSecurityContext;
import org.k3sjvm.cri.proto.MountPropagation;
import org.k3sjvm.cri.proto.Protocol;
import org.k3sjvm.cri.proto.Signal;

class ConfigsToProtoTest {
  @Test
  void carriesEveryPartOfASandbox() {
    IdMapping range = new IdMapping(3_000_000_000L, 0, 65536);
    NamespaceOptions namespaces =
        new NamespaceOptions(
            NamespaceMode.POD,
            NamespaceMode.TARGET,
            NamespaceMode.NODE,
            Optional.of(new ContainerId("t")),
            Optional.of(new UserNamespace(NamespaceMode.POD, List.of(range), List.of(range))));
    PodSandboxConfig config =
        new PodSandboxConfig(
            new PodSandboxMetadata("n", "ns", "u", 2),
            "host",
            "/var/log/pods/x",
            Optional.of(new DnsConfig(List.of("10.43.0.10"), List.of("a.b"), List.of("ndots:5"))),
            List.of(new PortMapping(PortMapping.Protocol.UDP, 53, 5353, "127.0.0.1")),
            Map.of("l", "1"),
            Map.of("a", "2"),
            new LinuxSandboxConfig(
                "/kubepods/x",
                new SandboxSecurityContext(
                    namespaces,
                    Optional.empty(),
                    OptionalLong.of(0),
                    OptionalLong.empty(),
                    true,
                    List.of(5L),
                    SupplementalGroupsPolicy.STRICT,
                    true,
                    Optional.of(new SecurityProfile.RuntimeDefault()),
                    Optional.empty()),
                Map.of("net.ipv4.ip_unprivileged_port_start", "0"),
                Optional.of(LinuxResources.NONE.withMemoryLimitBytes(1)),
                Optional.empty()));

    org.k3sjvm.cri.proto.PodSandboxConfig sent = ConfigsToProto.sandbox(config);

    assertThat(sent.getMetadata().getAttempt()).isEqualTo(2);
    assertThat(sent.getDnsConfig().getOptionsList()).containsExactly("ndots:5");
    assertThat(sent.getPortMappings(0).getProtocol()).isEqualTo(Protocol.UDP);
    assertThat(sent.getPortMappings(0).getHostPort()).isEqualTo(5353);
    assertThat(sent.getLinux().getCgroupParent()).isEqualTo("/kubepods/x");
    assertThat(sent.getLinux().getSysctlsMap()).hasSize(1);
    assertThat(sent.getLinux().getOverhead().getMemoryLimitInBytes()).isEqualTo(1);
    assertThat(sent.getLinux().hasResources()).isFalse();
    var security = sent.getLinux().getSecurityContext();
    assertThat(security.hasRunAsUser()).isTrue();
    assertThat(security.hasRunAsGroup()).isFalse();
    assertThat(security.getNamespaceOptions().getTargetId()).isEqualTo("t");
    int host = security.getNamespaceOptions().getUsernsOptions().getUids(0).getHostId();
    assertThat(Integer.toUnsignedLong(host)).isEqualTo(3_000_000_000L);
  }

  @Test
  void carriesEveryPartOfAContainer() {
    LinuxResources resources =
        LinuxResources.NONE
            .withCpu(100_000, 50_000, 512)
            .withMemoryLimitBytes(64 << 20)
            .withMemorySwapLimitBytes(-1)
            .withOomScoreAdj(-997)
            .withCpuset("0-1", "0")
            .withHugepageLimits(List.of(new HugepageLimit("2MB", 0)))
            .withUnified(Map.of("memory.oom.group", "1"));
    ContainerConfig config =
        ContainerConfig.builder(new ContainerMetadata("c", 3), ImageSpec.of("sha256:1", "img"))
            .command(List.of("sh"))
            .args(List.of("-c", "true"))
            .workingDir("/w")
            .envs(List.of(new EnvVar("K", "ü")))
            .mounts(List.of(Mount.bind("/c", "/h", true, Mount.Propagation.HOST_TO_CONTAINER)))
            .devices(List.of(new Device("/dev/c", "/dev/h", "rw")))
            .cdiDevices(List.of("v/c=d"))
            .logPath("c/3.log")
            .stdin(true)
            .stdinOnce(true)
            .tty(true)
            .resources(resources)
            .stopSignal("SIGRTMIN+3")
            .build();

    org.k3sjvm.cri.proto.ContainerConfig sent = ConfigsToProto.container(config);

    assertThat(sent.getImage().getUserSpecifiedImage()).isEqualTo("img");
    assertThat(sent.getEnvs(0).getValue().toStringUtf8()).isEqualTo("ü");
    assertThat(sent.getMounts(0).getPropagation())
        .isEqualTo(MountPropagation.PROPAGATION_HOST_TO_CONTAINER);
    assertThat(sent.getCDIDevices(0).getName()).isEqualTo("v/c=d");
    assertThat(sent.getStopSignal()).isEqualTo(Signal.SIGNAL_SIGRTMINPLUS3);
    assertThat(sent.getStdin() && sent.getStdinOnce() && sent.getTty()).isTrue();
    var limits = sent.getLinux().getResources();
    assertThat(limits.getCpuPeriod()).isEqualTo(100_000);
    assertThat(limits.getCpuQuota()).isEqualTo(50_000);
    assertThat(limits.getCpuShares()).isEqualTo(512);
    assertThat(limits.getMemorySwapLimitInBytes()).isEqualTo(-1);
    assertThat(limits.getOomScoreAdj()).isEqualTo(-997);
    assertThat(limits.getHugepageLimits(0).getPageSize()).isEqualTo("2MB");
    assertThat(limits.getUnifiedMap()).containsEntry("memory.oom.group", "1");
  }

  @Test
  @SuppressWarnings("deprecation") // The older field is what is tested.
  void saysProfilesAlsoInTheWordsOfOlderRuntimes() {
    ContainerSecurityContext context =
        ContainerSecurityContext.DEFAULT.toBuilder()
            .capabilities(new Capabilities(List.of("NET_ADMIN"), List.of("ALL")))
            .user(new ContainerSecurityContext.RunAs.Username("web"))
            .noNewPrivileges(true)
            .seccomp(new SecurityProfile.Localhost("/p.json"))
            .apparmor(new SecurityProfile.Localhost("mine"))
            .build();

    LinuxContainerSecurityContext sent = SecurityToProto.container(context);

    assertThat(sent.getCapabilities().getDropCapabilitiesList()).containsExactly("ALL");
    assertThat(sent.hasRunAsUser()).isFalse();
    assertThat(sent.getRunAsUsername()).isEqualTo("web");
    assertThat(sent.getSeccomp().getLocalhostRef()).isEqualTo("/p.json");
    assertThat(sent.getApparmor().getLocalhostRef()).isEqualTo("mine");
    assertThat(sent.getApparmorProfile()).isEqualTo("localhost/mine");
  }

  @Test
  void translatesEveryStatusOnce() {
    CriEndpoint endpoint = CriEndpoint.parse("unix:///run/c.sock");
    for (Status.Code code : Status.Code.values()) {
      CriException e =
          Faults.translate("Verb", "id", endpoint, code.toStatus().asRuntimeException());
      assertThat(e.verb()).isEqualTo("Verb");
      assertThat(e.subject()).isEqualTo("id");
      assertThat(e).hasMessageStartingWith("Verb id: ");
    }
    CriException away =
        Faults.translate("Version", "", endpoint, Status.UNAVAILABLE.asRuntimeException());
    assertThat(away).isInstanceOf(CriException.Unavailable.class);
    assertThat(away.retryable()).isTrue();
    assertThat(away).hasMessageContaining("unix:///run/c.sock does not answer");
  }

  @Test
  void readsEndpointsWithAndWithoutScheme() {
    assertThat(CriEndpoint.parse("/run/c.sock")).isEqualTo(CriEndpoint.parse("unix:///run/c.sock"));
    assertThat(CriEndpoint.parse("/run/c.sock").socket()).isEqualTo(Path.of("/run/c.sock"));
    assertThatThrownBy(() -> CriEndpoint.parse("tcp://x:1")).hasMessageContaining("tcp://x:1");
  }
}
