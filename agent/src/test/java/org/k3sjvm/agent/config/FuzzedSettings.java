package org.k3sjvm.agent.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** Configuration files, and what is behind flags and in the environment. */
public final class FuzzedSettings implements FuzzTargets {
  private static final String KUBELET =
      """
      apiVersion: kubelet.config.k8s.io/v1beta1
      kind: KubeletConfiguration
      maxPods: 50
      evictionHard: {memory.available: 5%, nodefs.available: 1Gi}
      systemReserved: {cpu: 100m, memory: 64Mi}
      kubeReserved: {cpu: "1", ephemeral-storage: 1Gi, pid: "100"}
      reservedSystemCPUs: 0-1
      clusterDNS: [10.43.0.10]
      nodeStatusUpdateFrequency: 10s
      shutdownGracePeriod: 1m30s
      registerWithTaints: [{key: a, value: b, effect: NoSchedule}]
      featureGates: {Swap: true}
      allowedUnsafeSysctls: ["net.*"]
      staticPodURL: http://a/b
      staticPodURLHeader: {X: [a, b]}
      containerLogMaxSize: 10Mi
      authentication: {webhook: {enabled: true, cacheTTL: 2m}, anonymous: {enabled: false}}
      memorySwap: {swapBehavior: NoSwap}
      """;

  private static final String PROVIDERS =
      """
      apiVersion: kubelet.config.k8s.io/v1
      kind: CredentialProviderConfig
      providers:
      - name: sh
        apiVersion: credentialprovider.kubelet.k8s.io/v1
        matchImages: ["*.dkr.ecr.*.amazonaws.com", "a.b/c"]
        defaultCacheDuration: 12h
        args: [get]
        env: [{name: A, value: b}]
      """;

  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.file(
                "config.yaml",
                "config.yaml",
                file ->
                    AgentConfig.parse(
                        List.of(), Map.of("K3S_CONFIG_FILE", file.toString(), "K3S_TOKEN", "t")),
                UsageException.class)
            .seeds(
                """
                server: https://host:6443
                token: K10aa::node:secret
                node-label: [a=b, "c=d"]
                node-taint+: [e=f:NoSchedule]
                kubelet-arg: ["max-pods=50", eviction-hard=memory.available<5%]
                debug: true
                node-ip: 10.0.0.1
                """,
                "server: https://[2001:db8::1]:6443\nkube-proxy-arg: [proxy-mode=nftables]\n")
            .words("https://", "-arg", "node-ip: ", "K10"),
        FuzzTarget.file(
                "kubelet.conf", "kubelet.conf", FuzzedSettings::kubelet, UsageException.class)
            .seeds(KUBELET),
        FuzzTarget.file(
                "credential providers",
                "config.yaml",
                file -> CredentialProviders.read(Path.of("/bin"), file),
                UsageException.class)
            .seeds(PROVIDERS),
        FuzzTarget.text("proxy of the environment", FuzzedSettings::proxy, UsageException.class)
            .seeds("http://user:secret@proxy:3128|10.0.0.0/8,.example,*", "proxy|host:6443,::1/64")
            .words("|", "socks5://", "*.", "/8"),
        FuzzTarget.text("kubelet-arg", FuzzedSettings::argument, UsageException.class)
            .upTo(8192)
            .seeds("max-pods=50\neviction-hard=memory.available<5%,nodefs.available<1Gi")
            .seeds("system-reserved=cpu=1,memory=1Gi\nfeature-gates=A=true\n--port+=1"),
        FuzzTarget.text("kube-proxy-arg", FuzzedSettings::proxyArgument, UsageException.class)
            .seeds(
                "proxy-mode=iptables\ncluster-cidr=10.42.0.0/16\nmetrics-bind-address=[::]:10249")
            .seeds(
                """
                conntrack-max-per-core=0
                iptables-sync-period=30s
                nodeport-addresses=10.0.0.0/8
                """));
  }

  private static void kubelet(Path file) {
    Problems problems = new Problems();
    KubeletValues values = new KubeletValues(problems);
    values.merge(KubeletFiles.load(file), file);
    values.checkKinds();
    var _ = new KubeletSettingsReader(values).settings(List.of());
    problems.throwAny();
  }

  private static void proxy(String text) {
    int bar = text.indexOf('|');
    var _ =
        ServerProxy.of(
            Map.of(
                ServerProxy.ALLOWED,
                "true",
                "HTTPS_PROXY",
                bar < 0 ? text : text.substring(0, bar),
                "NO_PROXY",
                text.substring(bar + 1)),
            URI.create("https://10.0.0.1:6443"));
  }

  private static void argument(String text) {
    var _ = KubeletOptions.read(text.lines().toList(), Path.of("/nowhere"), List.of());
  }

  private static void proxyArgument(String text) {
    var _ = ProxyOptions.read(text.lines().toList(), "127.0.0.1", 2);
  }
}
