package org.k3sjvm.agent.doctor;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.agent.LocalSocket;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.KubeletOptions;
import org.k3sjvm.agent.config.UsageException;
import org.k3sjvm.agent.doctor.HostFacts.Port;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.join.DryRun;
import org.k3sjvm.join.DryRunReport;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinConfig;
import org.k3sjvm.nodepassword.NodeFiles;

/** Looks at the host, and takes the steps of a join without joining. */
public final class Doctor {
  private static final int KUBELET_HEALTH_PORT = 10248;
  private static final int PROXY_METRICS_PORT = 10249;
  private static final int KUBELET_PORT = 10250;
  private static final int PROXY_HEALTH_PORT = 10256;
  private static final int VXLAN_PORT = 8472;
  private static final Path MACHINE_ID = Path.of("/etc/machine-id");

  private final AgentConfig config;

  public Doctor(AgentConfig config) {
    this.config = config;
  }

  /**
   * Looks once.
   *
   * @param joins whether a server was named
   */
  public DoctorReport examine(boolean joins) throws InterruptedException {
    List<Finding> host = new ArrayList<>();
    boolean failSwapOn = false;
    try {
      failSwapOn =
          KubeletOptions.read(config.kubeletArgs(), config.agentDir(), config.taints())
              .cgroups()
              .failSwapOn();
    } catch (UsageException e) {
      host.add(
          Finding.error(
              "kubelet-settings",
              "a kubelet setting cannot be used",
              String.valueOf(e.getMessage()),
              "correct --kubelet-arg, or the file in "
                  + config.agentDir()
                  + "/etc/kubelet.conf.d"));
    }
    HostFacts facts =
        new HostLook(config.dataDir(), ports(), runtimeSocket(), agentRuns(config.dataDir()))
            .look();
    host.addAll(
        HostRules.judge(
            facts,
            new HostRules.Wishes(
                config.nodeName(),
                failSwapOn,
                config.runtime().snapshotter().equals("overlayfs"),
                config.runtime().endpoint().isEmpty())));
    if (!joins) {
      return new DoctorReport("", facts.line(), host, Optional.empty());
    }
    Optional<Secret> token = token(host);
    JoinConfig join =
        new JoinConfig(
            config.server(),
            config.server(),
            token,
            config.agentDir(),
            NodeFiles.DEFAULT_DIRECTORY,
            config.nodeName().orElse(facts.hostName()),
            config.withNodeId(),
            config.nodeIps().stream().map(IpAddresses::parse).toList(),
            config.externalIps().stream().map(IpAddresses::parse).toList(),
            config.flannelInterface(),
            config.resolvConf(),
            JoinConfig.DEFAULT_RUNTIME_ENDPOINT,
            config.runtime().imageEndpoint(),
            config.allowNewCluster());
    return new DoctorReport(
        config.server().toString(),
        facts.line(),
        host,
        Optional.of(withoutEcho(new DryRun(join, Join.Host.local(), MACHINE_ID).run(), host)));
  }

  /** A token file that gives none was told already. */
  private static DryRunReport withoutEcho(DryRunReport report, List<Finding> host) {
    boolean told = host.stream().anyMatch(finding -> finding.id().startsWith("token-file-"));
    return new DryRunReport(
        report.steps(),
        report.findings().stream()
            .filter(finding -> !(told && finding.id().equals("token-missing")))
            .toList());
  }

  private List<Port> ports() {
    List<Port> ports = new ArrayList<>();
    if (config.loadBalancing() && config.loadBalancerPort() > 0) {
      ports.add(
          new Port(
              false,
              config.loadBalancerPort(),
              "its load balancer",
              "--lb-server-port 0 or another"));
    }
    ports.add(new Port(false, KUBELET_PORT, "the kubelet's API", "--kubelet-arg=port=OTHER"));
    ports.add(new Port(false, KUBELET_HEALTH_PORT, "the kubelet's health", ""));
    ports.add(new Port(false, PROXY_METRICS_PORT, "metrics of Services", ""));
    ports.add(new Port(false, PROXY_HEALTH_PORT, "health of Services", ""));
    ports.add(new Port(true, VXLAN_PORT, "packets of other nodes' pods", ""));
    return ports;
  }

  private Optional<Path> runtimeSocket() {
    return config
        .runtime()
        .endpoint()
        .map(endpoint -> endpoint.replaceFirst("^unix://", ""))
        .filter(path -> path.startsWith("/"))
        .map(Path::of);
  }

  private static boolean agentRuns(Path dataDir) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(LocalSocket.of(dataDir)));
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }

  /** An agent waits for the file; here its absence is the finding. */
  private Optional<Secret> token(List<Finding> findings) {
    if (config.tokenFile().isEmpty()) {
      return config.token();
    }
    Path file = config.tokenFile().get();
    String repair =
        "write the token into it: scp SERVER:<data-dir>/server/node-token "
            + file
            + "; or correct --token-file";
    try {
      if (!Files.exists(file)) {
        findings.add(
            Finding.error(
                "token-file-missing",
                "the token file does not exist",
                file + "; an agent waits 4 minutes for it, and then ends",
                repair));
        return Optional.empty();
      }
      String text = Files.readString(file).strip();
      if (text.isEmpty()) {
        findings.add(
            Finding.error("token-file-empty", "the token file is empty", file.toString(), repair));
        return Optional.empty();
      }
      return Optional.of(new Secret(text));
    } catch (IOException e) {
      findings.add(
          Finding.error(
              "token-file-unreadable",
              "the token file cannot be read",
              e.toString(),
              "check its owner and mode: ls -l " + file + "; chmod 600 " + file));
      return Optional.empty();
    }
  }
}
