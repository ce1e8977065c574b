package org.k3sjvm.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentConfigTest {
  @TempDir Path directory;

  private AgentConfig parse(String... arguments) {
    return AgentConfig.parse(
        List.of(arguments), Map.of("K3S_CONFIG_FILE", directory.resolve("config.yaml").toString()));
  }

  @Test
  void defaultsAreUpstreams() {
    AgentConfig config = parse("--server", "https://10.0.0.1:6443", "-token", "secret");
    assertThat(config.server()).hasToString("https://10.0.0.1:6443");
    assertThat(config.token())
        .hasValueSatisfying(token -> assertThat(token.reveal()).isEqualTo("secret"));
    assertThat(config.dataDir()).isEqualTo(Path.of("/var/lib/rancher/k3s"));
    assertThat(config.loadBalancerPort()).isEqualTo(6444);
    assertThat(config.runtime().pauseImage()).isEqualTo("rancher/mirrored-pause:3.10.2");
    assertThat(config.nodeName()).isEmpty();
    assertThat(config.withNodeId()).isFalse();
    assertThat(config.overlayProbe()).isTrue();
    assertThat(config.log().debug()).isFalse();
  }

  @Test
  void everyFlagReachesItsField() {
    AgentConfig config =
        parse(
            "-s=https://[fd00::1]",
            "--token-file=/t",
            "-d",
            "/data",
            "--node-name=N1",
            "--with-node-id",
            "--node-label=a=1",
            "--node-label",
            "example.com/b=",
            "--node-taint=k=v:NoExecute",
            "--node-ip=10.0.0.1,fd00::2",
            "--node-external-ip=1.2.3.4",
            "--node-internal-dns=a.local",
            "--node-external-dns=a.example",
            "--bind-address=127.0.0.1",
            "--container-runtime-endpoint=unix:///c.sock",
            "--pause-image=p:1",
            "--snapshotter=native",
            "--private-registry=/r.yaml",
            "--disable-default-registry-endpoint",
            "--lb-server-port=0",
            "--resolv-conf=/resolv",
            "--flannel-iface=eth1",
            "--flannel-conf=/f.json",
            "--disable-overlay-probe",
            "--image-service-endpoint=unix:///i.sock",
            "--airgap-extra-registry=a.example",
            "--airgap-extra-registry=b.example",
            "--default-runtime=crun",
            "--selinux",
            "--nonroot-devices",
            "--protect-kernel-defaults",
            "--kubelet-arg=max-pods=50",
            "--kube-proxy-arg=v=2",
            "--debug=true");
    assertThat(config.server()).hasToString("https://[fd00::1]:443");
    assertThat(config.tokenFile()).hasValue(Path.of("/t"));
    assertThat(config.dataDir()).isEqualTo(Path.of("/data"));
    assertThat(config.nodeName()).hasValue("N1");
    assertThat(config.withNodeId()).isTrue();
    assertThat(config.labels()).isEqualTo(Map.of("a", "1", "example.com/b", ""));
    assertThat(config.taints()).containsExactly(new AgentConfig.NodeTaint("k", "v", "NoExecute"));
    assertThat(config.nodeIps()).containsExactly("10.0.0.1", "fd00::2");
    assertThat(config.externalIps()).containsExactly("1.2.3.4");
    assertThat(config.internalDns()).containsExactly("a.local");
    assertThat(config.externalDns()).containsExactly("a.example");
    assertThat(config.bindAddress()).hasValue("127.0.0.1");
    assertThat(config.runtime())
        .isEqualTo(
            new RuntimeFlags(
                Optional.of("unix:///c.sock"),
                Optional.of("unix:///i.sock"),
                "p:1",
                "native",
                Path.of("/r.yaml"),
                true,
                List.of("a.example", "b.example"),
                Optional.of("crun"),
                true,
                true));
    assertThat(config.loadBalancerPort()).isZero();
    assertThat(config.resolvConf()).hasValue(Path.of("/resolv"));
    assertThat(config.flannelInterface()).hasValue("eth1");
    assertThat(config.flannelConf()).hasValue(Path.of("/f.json"));
    assertThat(config.overlayProbe()).isFalse();
    assertThat(config.kubeletArgs()).containsExactly("protect-kernel-defaults=true", "max-pods=50");
    assertThat(config.kubeProxyArgs()).containsExactly("v=2");
    assertThat(config.log().debug()).isTrue();
  }

  @Test
  void whatIsWrongIsNamedAllAtOnce() {
    assertThatThrownBy(() -> parse("--server=http://h", "--node-label=a=1,b=2", "--node-taint=x"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--token is required")
        .hasMessageContaining("--server must be https")
        .hasMessageContaining("--node-label")
        .hasMessageContaining("--node-taint");
    assertThatThrownBy(() -> parse("--nonsense"))
        .hasMessage("flag provided but not defined: -nonsense");
    assertThatThrownBy(() -> parse("--server")).hasMessage("flag needs an argument: --server");
    assertThatThrownBy(() -> parse("--lb-server-port=x"))
        .hasMessageContaining("lb-server-port")
        .hasMessageContaining("K3S_LB_SERVER_PORT");
    assertThatThrownBy(() -> parse("--with-node-id=maybe")).hasMessageContaining("with-node-id");
  }

  @Test
  void parsingStopsAtTheFirstBareWord() {
    assertThat(parse("-s=https://h", "-t=x", "--debug", "word", "--nonsense").log().debug())
        .isTrue();
  }

  @Test
  void theFileYieldsToTheCommandLineAndBeatsTheEnvironment() throws Exception {
    Path file = directory.resolve("config.yaml");
    Files.writeString(
        file, "node-label: [a=1]\nkubelet-arg: max-pods=50\nserver: https://file\ndebug: true\n");
    Path dropIns = Files.createDirectory(directory.resolve("config.yaml.d"));
    Files.writeString(dropIns.resolve("10.yaml"), "node-label+: [b=2]\ntoken: s3\n");
    Files.writeString(dropIns.resolve("ignored.txt"), "nonsense: 1\n");
    AgentConfig config =
        AgentConfig.parse(
            List.of("--node-label", "c=3", "-s", "https://h:6443"),
            Map.of(
                "K3S_CONFIG_FILE",
                file.toString(),
                "K3S_TOKEN",
                "environment",
                "K3S_NODE_NAME",
                "n7"));
    assertThat(config.labels()).isEqualTo(Map.of("a", "1", "b", "2", "c", "3"));
    assertThat(config.server()).hasToString("https://h:6443");
    assertThat(config.token().orElseThrow().reveal()).isEqualTo("s3");
    assertThat(config.nodeName()).hasValue("n7");
    assertThat(config.log().debug()).isTrue();
    assertThat(config.arguments())
        .containsExactly(
            "agent",
            "--node-label=a=1",
            "--node-label=b=2",
            "--kubelet-arg=max-pods=50",
            "--server=https://file",
            "--debug=true",
            "--token=s3",
            "--node-label",
            "c=3",
            "-s",
            "https://h:6443");
  }

  @Test
  void aBrokenFileIsNamedWithItsLine() throws Exception {
    Files.writeString(directory.resolve("config.yaml"), "server: [\n");
    assertThatThrownBy(() -> parse())
        .hasMessageContaining("config.yaml")
        .hasMessageContaining("line 2");
    Files.writeString(directory.resolve("config.yaml"), "just text\n");
    assertThatThrownBy(() -> parse()).hasMessageContaining("keys and values");
    Files.writeString(directory.resolve("config.yaml"), "write-kubeconfig-mode: 644\n");
    assertThatThrownBy(() -> parse())
        .hasMessage("flag provided but not defined: -write-kubeconfig-mode");
  }
}
