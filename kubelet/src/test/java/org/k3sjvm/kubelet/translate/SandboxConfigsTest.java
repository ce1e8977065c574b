package org.k3sjvm.kubelet.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PortMapping;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.hosts.HostNames;
import org.k3sjvm.kubelet.pod.DesiredPod;

class SandboxConfigsTest {
  private static PodSandboxConfig of(String spec) {
    String json =
        "{'metadata': {'name': 'web', 'namespace': 'shop', 'uid': 'u1', 'labels': {'a': 'b'},"
            + " 'annotations': {'kubernetes.io/ingress-bandwidth': '1M'}}, 'spec': "
            + spec
            + "}";
    DesiredPod pod = DesiredPod.of(KubeJson.read(json.replace('\'', '"'), Pod.class));
    return SandboxConfigs.of(
        pod,
        2,
        HostNames.of(pod.pod(), "cluster.local"),
        Optional.empty(),
        Path.of("/logs"),
        "/kubepods/pod1",
        Optional.empty());
  }

  @Test
  void saysWhoseItIs() {
    PodSandboxConfig is = of("{'containers': []}");

    assertThat(is.metadata().attempt()).isEqualTo(2);
    assertThat(is.hostname()).isEqualTo("web");
    assertThat(is.logDirectory()).isEqualTo("/logs/shop_web_u1");
    assertThat(is.labels())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "a", "b",
                "io.kubernetes.pod.name", "web",
                "io.kubernetes.pod.namespace", "shop",
                "io.kubernetes.pod.uid", "u1"));
    assertThat(is.annotations()).isEqualTo(Map.of("kubernetes.io/ingress-bandwidth", "1M"));
    assertThat(of("{'hostNetwork': true, 'containers': []}").hostname()).isEmpty();
  }

  @Test
  void portsOfContainersAndSidecarsAreMappedOnceForEachName() {
    PodSandboxConfig is =
        of(
            "{'initContainers': ["
                + "  {'name': 'i', 'ports': [{'containerPort': 1}]},"
                + "  {'name': 's', 'restartPolicy': 'Always', 'ports': [{'containerPort': 2}]}],"
                + " 'containers': [{'name': 'c', 'ports': ["
                + "  {'name': 'n', 'containerPort': 3, 'hostPort': 30, 'hostIP': '127.0.0.1',"
                + "   'protocol': 'UDP'},"
                + "  {'name': 'n', 'containerPort': 4},"
                + "  {'containerPort': 5, 'protocol': 'SCTP'},"
                + "  {'containerPort': 5, 'protocol': 'SCTP'}]}]}");

    assertThat(is.portMappings())
        .containsExactly(
            new PortMapping(PortMapping.Protocol.TCP, 2, 0, ""),
            new PortMapping(PortMapping.Protocol.UDP, 3, 30, "127.0.0.1"),
            new PortMapping(PortMapping.Protocol.SCTP, 5, 0, ""));
  }

  @ParameterizedTest
  @CsvSource({
    "kernel.shm_rmid_forced, kernel.shm_rmid_forced",
    "net/ipv4/tcp_syncookies, net.ipv4.tcp_syncookies",
    "net.ipv4.conf.eno2/100.rp_filter, net.ipv4.conf.eno2/100.rp_filter",
    "net/ipv4/conf/eno2.100/rp_filter, net.ipv4.conf.eno2/100.rp_filter",
    "plain, plain"
  })
  void sysctlsHaveDots(String written, String sent) {
    assertThat(
            of("{'containers': [], 'securityContext': {'sysctls': [{'name': '"
                    + written
                    + "', 'value': '1'}]}}")
                .linux()
                .sysctls())
        .isEqualTo(Map.of(sent, "1"));
  }

  @Test
  void runtimesLearnWhatThePodTakesAndTheSandboxItself() {
    PodSandboxConfig is =
        of(
            "{'overhead': {'cpu': '250m', 'memory': '64Mi'}, 'containers': ["
                + "{'name': 'a', 'resources': {'requests': {'cpu': '500m'},"
                + " 'limits': {'cpu': '1', 'memory': '128Mi'}}},"
                + "{'name': 'b', 'resources': {'limits': {'cpu': '1', 'memory': '128Mi'},"
                + " 'requests': {'cpu': '500m'}}}]}");

    assertThat(is.linux().resources())
        .contains(
            LinuxResources.NONE.withCpu(100_000, 200_000, 1024).withMemoryLimitBytes(256 << 20));
    assertThat(is.linux().overhead())
        .contains(LinuxResources.NONE.withCpu(100_000, 25_000, 256).withMemoryLimitBytes(64 << 20));
    assertThat(of("{'containers': []}").linux().overhead()).isEmpty();
    assertThat(of("{'containers': []}").linux().resources())
        .contains(LinuxResources.NONE.withCpu(100_000, 0, 2));
  }
}
