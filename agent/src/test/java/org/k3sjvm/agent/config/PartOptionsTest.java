package org.k3sjvm.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.flannel.lease.BackendType;

class PartOptionsTest {
  @TempDir private Path directory;

  @Test
  void readsTheFileOfFlannel() throws IOException {
    assertThat(read("--flannel-conf=" + conf("host-gw")).network().orElseThrow().backend())
        .isEqualTo(BackendType.HOST_GW);
    assertThat(read().network()).isEmpty();
  }

  @Test
  void namesEverythingThatIsBadAtOnce() throws IOException {
    String conf = "--flannel-conf=" + conf("ipsec");

    assertThatThrownBy(
            () ->
                read(conf, "--kubelet-arg=max-pods=many", "--kube-proxy-arg=proxy-mode=userspace"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("max-pods")
        .hasMessageContaining("proxy-mode=userspace")
        .hasMessageContaining(conf + ": this agent has no backend 'ipsec'");
  }

  @Test
  void saysThatThereIsNoSuchFile() {
    assertThatThrownBy(() -> read("--flannel-conf=/no/such.json"))
        .isInstanceOf(UsageException.class)
        .hasMessage("--flannel-conf=/no/such.json cannot be read: there is no such file");
  }

  private Path conf(String backend) throws IOException {
    return Files.writeString(
        directory.resolve("net-conf.json"),
        "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"" + backend + "\"}}");
  }

  private PartOptions read(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("--server=https://10.0.0.1:6443", "--token=t", "--data-dir=" + directory));
    arguments.addAll(List.of(more));
    return PartOptions.read(AgentConfig.parse(arguments, Map.of()), 2);
  }
}
