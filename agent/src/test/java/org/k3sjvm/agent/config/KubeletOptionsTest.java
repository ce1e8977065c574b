package org.k3sjvm.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.settings.KubeletSettings.NodeTaint;
import org.k3sjvm.kubelet.settings.Reservations;
import org.k3sjvm.kubelet.settings.Reservations.Amounts;
import org.k3sjvm.kubelet.settings.Reservations.Enforcement;
import org.k3sjvm.kubelet.settings.Reservations.Threshold;

class KubeletOptionsTest {
  private static final String HEAD =
      "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

  @TempDir Path agent;

  private KubeletSettings read(String... flags) {
    return KubeletOptions.read(List.of(flags), agent, List.of());
  }

  private Path dropIn(String name, String content) throws IOException {
    Path file = agent.resolve("etc/kubelet.conf.d").resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, HEAD + content);
  }

  @Test
  void defaultsAreThoseOfK3s() {
    KubeletSettings settings = read();
    assertThat(settings.staticPods().path()).hasValue(agent.resolve("pod-manifests"));
    assertThat(
            new KubeletSettings(
                settings.root(),
                settings.port(),
                KubeletSettings.StaticPods.NONE,
                settings.pulls(),
                settings.events(),
                settings.pods(),
                settings.node(),
                settings.reservations(),
                settings.cgroups(),
                settings.dns(),
                settings.protectKernelDefaults(),
                settings.featureGates()))
        .isEqualTo(KubeletSettings.DEFAULT);
  }

  @Test
  void everyFlagReachesItsField() {
    KubeletSettings settings =
        read(
            "root-dir=/r",
            "--port=10350",
            "max-pods=50",
            "pods-per-core=3",
            "pod-max-pids=100",
            "protect-kernel-defaults",
            "cgroup-driver=systemd",
            "cgroup-root=/outer",
            "kube-reserved=cpu=100m,memory=1Gi",
            "system-reserved=cpu=1,ephemeral-storage=2Gi,pid=10",
            "eviction-hard=memory.available<100Mi,nodefs.available<10%",
            "enforce-node-allocatable=pods,kube-reserved",
            "kube-reserved-cgroup=/kube",
            "system-reserved-cgroup=/system",
            "register-with-taints=a=b:NoSchedule,c:NoExecute",
            "provider-id=x://1",
            "node-status-update-frequency=5s",
            "node-status-max-images=-1",
            "cluster-dns=10.43.0.10,fd00::a",
            "cluster-domain=c.local",
            "resolv-conf=/resolv",
            "max-parallel-image-pulls=7",
            "registry-qps=0",
            "registry-burst=4",
            "event-qps=7",
            "event-burst=8",
            "fail-swap-on",
            "sync-frequency=90s",
            "pod-manifest-path=/manifests",
            "file-check-frequency=1s",
            "http-check-frequency=2s",
            "manifest-url=https://h/m.yaml",
            "manifest-url-header=a:1,b:2",
            "manifest-url-header=a:3",
            "cpu-cfs-quota=false",
            "feature-gates=CustomCPUCFSQuotaPeriod=true",
            "cpu-cfs-quota-period=10ms",
            "seccomp-default=true",
            "allowed-unsafe-sysctls=net/core/*,kernel.msgmax");
    assertThat(settings.root()).isEqualTo(Path.of("/r"));
    assertThat(settings.port()).isEqualTo(10350);
    assertThat(settings.staticPods())
        .isEqualTo(
            new KubeletSettings.StaticPods(
                Optional.of(Path.of("/manifests")),
                Optional.of(URI.create("https://h/m.yaml")),
                Map.of("a", List.of("1", "3"), "b", List.of("2")),
                Duration.ofSeconds(1),
                Duration.ofSeconds(2)));
    assertThat(settings.pulls())
        .isEqualTo(
            new KubeletSettings.Pulls(false, OptionalInt.of(7), new KubeletSettings.Rate(0, 4)));
    assertThat(settings.events()).isEqualTo(new KubeletSettings.Rate(7, 8));
    assertThat(settings.pods())
        .isEqualTo(
            new KubeletSettings.PodRules(
                50,
                3,
                Duration.ofSeconds(90),
                Duration.ofMinutes(5),
                true,
                List.of("net.core.*", "kernel.msgmax")));
    assertThat(settings.node())
        .isEqualTo(
            new KubeletSettings.NodeRules(
                List.of(new NodeTaint("a", "b", "NoSchedule"), new NodeTaint("c", "", "NoExecute")),
                "x://1",
                Duration.ofSeconds(5),
                Duration.ofMinutes(5),
                Duration.ofSeconds(40),
                OptionalInt.empty()));
    assertThat(settings.reservations())
        .isEqualTo(
            new Reservations(
                new Amounts(100, 1L << 30, 0, 0),
                new Amounts(1000, 0, 2L << 30, 10),
                Map.of(
                    "memory.available", new Threshold.Amount(100L << 20),
                    "nodefs.available", new Threshold.Fraction(0.1f)),
                Set.of(Enforcement.PODS, Enforcement.KUBE),
                Optional.of("/kube"),
                Optional.of("/system")));
    assertThat(settings.cgroups())
        .isEqualTo(
            new CgroupSettings(
                CgroupSettings.Driver.SYSTEMD,
                "/outer",
                true,
                false,
                Duration.ofMillis(10),
                100,
                true,
                CgroupSettings.Swap.NONE,
                Optional.empty()));
    assertThat(settings.dns())
        .isEqualTo(
            new KubeletSettings.Dns(
                List.of("10.43.0.10", "fd00::a"),
                Optional.of("c.local"),
                Optional.of(Path.of("/resolv"))));
    assertThat(settings.featureGates()).isEqualTo(Map.of("CustomCPUCFSQuotaPeriod", true));
  }

  @Test
  void fileFieldsWithoutAFlagReachTheirField() throws IOException {
    dropIn(
        "50.conf",
        """
        memorySwap: {swapBehavior: LimitedSwap}
        singleProcessOOMKill: true
        crashLoopBackOff:
          maxContainerRestartPeriod: 10s
        nodeLeaseDurationSeconds: 20
        nodeStatusReportFrequency: 1m
        cgroupsPerQOS: false
        enforceNodeAllocatable: [none]
        registerWithTaints:
        - {key: a, value: b, effect: NoSchedule}
        """);
    KubeletSettings settings = read();
    assertThat(settings.cgroups().swap()).isEqualTo(CgroupSettings.Swap.LIMITED);
    assertThat(settings.cgroups().singleProcessOomKill()).hasValue(true);
    assertThat(settings.cgroups().manage()).isFalse();
    assertThat(settings.pods().longestRestartWait()).isEqualTo(Duration.ofSeconds(10));
    assertThat(settings.node().lease()).isEqualTo(Duration.ofSeconds(20));
    assertThat(settings.node().statusReport()).isEqualTo(Duration.ofMinutes(1));
    assertThat(settings.node().taints()).containsExactly(new NodeTaint("a", "b", "NoSchedule"));
    assertThat(settings.reservations().enforce()).isEmpty();
  }

  @Test
  void laterFilesMergeOverEarlierOnesAndFlagsWin() throws IOException {
    dropIn("00-k3s-defaults.conf", "maxPods: 1\nclusterDNS: [1.1.1.1]\n");
    dropIn("05.conf", "maxPods: 5\nsyncFrequency: 5s\npodsPerCore: 5\nkubeReserved: {cpu: 1}\n");
    dropIn("50.conf", "podsPerCore: 6\nkubeReserved: {memory: 1Gi}\n");
    dropIn("60.conf", "kubeReserved: {cpu: null}\nevictionHard: {memory.available: 5%}\n");
    Path named = Files.writeString(agent.resolve("my.yaml"), HEAD + "maxPods: 10\n");
    Path more = Files.createDirectories(agent.resolve("more"));
    Files.writeString(more.resolve("a.conf"), HEAD + "syncFrequency: 20s\n");
    Files.writeString(more.resolve("ignored.yaml"), HEAD + "syncFrequency: 21s\n");
    dropIn("10-cli-config.conf", "maxPods: 11\n");
    KubeletSettings settings =
        read("config=" + named, "config-dir=" + more, "pods-per-core=7", "pods-per-core=8");
    assertThat(settings.pods().maxPods()).isEqualTo(10);
    assertThat(settings.pods().syncFrequency()).isEqualTo(Duration.ofSeconds(20));
    assertThat(settings.pods().podsPerCore()).isEqualTo(8);
    assertThat(settings.reservations().kube()).isEqualTo(new Amounts(0, 1L << 30, 0, 0));
    assertThat(settings.reservations().evictionHard())
        .containsOnlyKeys("memory.available", "nodefs.available", "imagefs.available");
    assertThat(settings.dns().servers()).isEmpty();
    assertThat(read().pods().maxPods()).isEqualTo(11);
    assertThat(read("eviction-hard=memory.available<5%").reservations().evictionHard())
        .containsOnlyKeys("memory.available");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "max-pods=many|--kubelet-arg=max-pods must be a number from 0 to 2147483647, not many",
        "sync-frequency=5x|--kubelet-arg=sync-frequency must be a duration such as 30s or 1m30s,"
            + " not 5x",
        "cgroup-driver=x|--kubelet-arg=cgroup-driver must be cgroupfs or systemd, not x",
        "eviction-hard=memory.available=5|--kubelet-arg=eviction-hard needs name<value",
        "eviction-hard=memory.available<5x|must be amounts such as 100Mi or parts such as 5%",
        "kube-reserved=gpu=1|--kubelet-arg=kube-reserved must be amounts of cpu",
        "enforce-node-allocatable=kube-reserved|needs kubeReservedCgroup for kube-reserved",
        "enforce-node-allocatable=all|--kubelet-arg=enforce-node-allocatable must be none, or some",
        "cpu-cfs-quota-period=10ms|needs the feature gate CustomCPUCFSQuotaPeriod=true",
        "fail-swap-on=maybe|--kubelet-arg=fail-swap-on must be true or false, not maybe",
        "cluster-dns=kube-dns|--kubelet-arg=cluster-dns must be IP addresses",
        "register-with-taints=a=b:Never|must be key=value:Effect with NoSchedule",
        "manifest-url=h/m|--kubelet-arg=manifest-url must be an http or https URL, not h/m",
        "feature-gates=X=y|--kubelet-arg=feature-gates must be Name=true or Name=false",
        "config=/nowhere.yaml|--kubelet-arg=config names a file that cannot be read: /nowhere.yaml",
        "root-dir=here|--kubelet-arg=root-dir must be an absolute path, not here",
      })
  void aBadFlagEndsTheStartWithItsNameAndWhatToWrite(String flag, String message) {
    assertThatThrownBy(() -> read(flag))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aBadFileEndsTheStartWithItsNameAndEveryProblem() throws IOException {
    Path file = dropIn("50.conf", "maxPods: [1]\nsyncFrequency: often\n");
    assertThatThrownBy(this::read)
        .hasMessageContaining(file + ": maxPods must be written as a single value")
        .hasMessageContaining(file + ": syncFrequency must be a duration");
    Path other = Files.writeString(file, "maxPods: 1\n");
    assertThatThrownBy(this::read).hasMessageContaining(other + " must begin with 'apiVersion");
  }

  @Test
  void namesThatNobodyActsOnAreNoReasonToStop() {
    assertThat(read("v=2", "make-iptables-util-chains=true", "no-such-thing=1")).isEqualTo(read());
  }

  @Test
  void theNodesOwnTaintsAreReplacedByThoseOfTheSettings() {
    List<AgentConfig.NodeTaint> own = List.of(new AgentConfig.NodeTaint("k", "", "NoExecute"));
    assertThat(KubeletOptions.read(List.of(), agent, own).node().taints())
        .containsExactly(new NodeTaint("k", "", "NoExecute"));
    assertThat(
            KubeletOptions.read(List.of("register-with-taints=a:NoSchedule"), agent, own)
                .node()
                .taints())
        .containsExactly(new NodeTaint("a", "", "NoSchedule"));
  }

  @Test
  void whatCannotBeAnAddressOrAnAmountIsNamed() {
    assertThatThrownBy(
            () ->
                read(
                    "manifest-url=http://`/b",
                    "system-reserved=memory=99999999999999999999",
                    "kube-reserved=cpu=1e999999999"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("manifest-url")
        .hasMessageContaining("kube-reserved");
  }
}
