package org.k3sjvm.agent;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import javax.net.ssl.SSLContext;
import org.k3sjvm.agent.certificate.CertificateKeeper;
import org.k3sjvm.agent.certificate.CertificateMonitor;
import org.k3sjvm.agent.certificate.NodeCredentials;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.PartOptions;
import org.k3sjvm.agent.config.ProxyOptions;
import org.k3sjvm.agent.status.StatusPage;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.ServiceFailedException;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.flannel.Flannel;
import org.k3sjvm.flannel.FlannelConfig;
import org.k3sjvm.flannel.FlannelHost;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinConfig;
import org.k3sjvm.join.JoinMemory;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.NodeCertificate;
import org.k3sjvm.kubelet.node.MachineFacts;
import org.k3sjvm.kubelet.server.KubeletServer;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.linux.host.HostSettings;
import org.k3sjvm.linux.systemd.StageReports;
import org.k3sjvm.serviceproxy.ProxyHost;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node agent: {@link #run} names its parts in the order in which they start. */
public final class Agent {
  private static final Logger log = LoggerFactory.getLogger(Agent.class);

  private final AgentConfig config;
  private final Ground ground;
  private final Supplier<List<String>> troubles;
  private final StageReports reports = StageReports.ofThisProcess();

  /** On this host. */
  public Agent(AgentConfig config) {
    this(config, new ThisHost(), List::of);
  }

  /**
   * On this host.
   *
   * @param troubles the newest warnings and errors of the log, for {@code k3s status}
   */
  public Agent(AgentConfig config, Supplier<List<String>> troubles) {
    this(config, new ThisHost(), troubles);
  }

  public Agent(AgentConfig config, Ground ground) {
    this(config, ground, List::of);
  }

  private Agent(AgentConfig config, Ground ground, Supplier<List<String>> troubles) {
    this.config = config;
    this.ground = ground;
    this.troubles = troubles;
  }

  /** Blocks until interrupted or until a part fails. Containers keep running after it returns. */
  public void run() throws InterruptedException {
    log.atInfo().addKeyValue("version", Version.current()).log("Starting k3s agent");
    PartOptions options = PartOptions.read(config, Runtime.getRuntime().availableProcessors());
    ground.verify(options.kubelet());
    try (NodeTunnels tunnels = new NodeTunnels();
        Balancers balancers = Balancers.open(config, tunnels);
        ServiceGroup group = ServiceGroup.open("agent")) {
      Optional<ColdStart> memory = ColdStart.open(config, ground.nodeFiles());
      StatusBoard board = new StatusBoard(config, reports, balancers, tunnels, troubles);
      LocalSocket socket = new LocalSocket(config.dataDir());
      socket.answer(LocalSocket.STATUS, () -> board.report().toPrettyString() + "\n");
      group.start("local-socket", socket);
      if (config.statusPagePort() > 0) {
        group.start(
            "status-page", new StatusPage(config.statusPagePort(), board::report, Sleeper.SYSTEM));
      }
      reports.watchdog(Sleeper.SYSTEM).ifPresent(w -> group.start("watchdog", w));
      group.start("load-balancer", balancers::run);
      memory.ifPresent(m -> group.start("cold-start", m));
      group.start("node", () -> runNode(balancers, tunnels, options, memory, board, socket));
      group.await();
    }
  }

  private void runNode(
      Balancers balancers,
      NodeTunnels tunnels,
      PartOptions options,
      Optional<ColdStart> memory,
      StatusBoard board,
      LocalSocket socket)
      throws InterruptedException, IOException {
    config
        .tokenFile()
        .ifPresent(file -> reports.stage("waiting for the token file " + file + " (--token-file)"));
    Join join = join(balancers, memory);
    reports.stage("joining " + config.server());
    JoinedNode node =
        join.run(
            reason -> {
              reports.stage("waiting to join: " + reason);
              balancers.rejectNewest();
            });
    while (true) {
      NodeCredentials credentials = NodeCredentials.of(node);
      Rejoin rejoin = new Rejoin(node, join, credentials::reload, Sleeper.SYSTEM);
      try {
        runAs(node, credentials, rejoin, join, balancers, tunnels, options, memory, board, socket);
        return;
      } catch (ServiceFailedException e) {
        node =
            rejoin
                .another()
                .filter(_ -> e.getCause() instanceof Rejoin.AnotherNodeException)
                .orElseThrow(() -> e);
      }
    }
  }

  /** Runs the node's parts until interrupted, or until one fails. */
  private void runAs(
      JoinedNode node,
      NodeCredentials credentials,
      Rejoin rejoin,
      Join join,
      Balancers balancers,
      NodeTunnels tunnels,
      PartOptions options,
      Optional<ColdStart> memory,
      StatusBoard board,
      LocalSocket socket)
      throws InterruptedException, IOException {
    KubeletSettings settings = options.kubelet();
    ProxyOptions.Settings proxy = proxyOptions(loopback(node));
    prepareHost(node, proxy.conntrack(), settings);
    memory.ifPresent(m -> m.reserve(node.name()));
    CertificateKeeper certificates =
        new CertificateKeeper(
            node, join, credentials, InstantSource.system(), RandomGenerator.getDefault());
    try (Apis apis = Apis.open(node, credentials, memory);
        NodeRuntime runtime =
            NodeRuntime.prepare(config, node.settings(), NodeKubelet.systemdCgroups(settings));
        FlannelHost host = ground.flannel();
        NodePolicies policies = NodePolicies.open(node, config.agentDir(), apis, ground);
        ProxyHost services = ground.services();
        ServiceGroup parts = ServiceGroup.open("node")) {
      if (!node.remembered()) {
        twinCheck(node, apis).await(twin -> reports.stage("waiting: " + twin));
      }
      NodeKubelet kubelet =
          NodeKubelet.compose(config, settings, node, apis, runtime, ground, policies.gate());
      if (node.remembered()) {
        memory.flatMap(m -> m.recallNode(node.name())).ifPresent(kubelet.keeper()::recall);
      }
      parts.start("certificates", certificates);
      reports.stage("starting the container runtime");
      runtime.start(parts);
      tunnels.start(
          node,
          join,
          () -> tunnelTls(credentials.held(), certificates),
          apis.controller(),
          balancers,
          NodeKubelet.endpoint(config, settings),
          parts);
      ServerLookUp lookUp = ServerLookUp.of(config.server());
      List<InetAddress> servers = lookUp.within(ServerLookUp.PATIENCE);
      FlannelConfig network = NodeNetwork.config(config, node, options.network(), servers, ground);
      Flannel flannel = flannel(network, apis, host, kubelet);
      parts.start("flannel", flannel);
      board.joined(new StatusBoard.Parts(node, kubelet::pods, kubelet::volumes, flannel::metrics));
      socket.answer(LocalSocket.POD_STARTS, kubelet::podStarts);
      if (servers.isEmpty()) {
        parts.start("server-address", () -> lookUp.follow(flannel::serversAre));
      }
      policies.start(parts);
      NodeServices.start(node, proxy, apis.proxy(), services, config.agentDir(), parts);
      parts.during(() -> runtime.ready().await());
      CertificateMonitor monitor =
          new CertificateMonitor(credentials, kubelet::tellOfNode, InstantSource.system());
      certificates.whenLate(monitor::late);
      try (KubeletServer _ =
          kubelet.serve(
              config,
              settings,
              node,
              credentials,
              apis,
              runtime,
              () -> flannel.metrics() + monitor.metrics() + balancers.metrics())) {
        kubelet.start(parts);
        memory.ifPresent(m -> parts.start("cold-start-tidy", () -> kubelet.tidy(m)));
        if (node.remembered()) {
          parts.start("rejoin", rejoin);
        }
        reports.stage(
            node.remembered()
                ? "no server of "
                    + config.server()
                    + " answers; pods run with what the last one said"
                : "registering the node");
        parts.during(kubelet::awaitAnnotated);
        tellReady();
        parts.start("certificate-monitor", monitor);
        parts.start("heap-trim", HeapTrim.ofThisProcess());
        parts.await();
      }
    }
  }

  private static TwinCheck twinCheck(JoinedNode node, Apis apis) throws IOException {
    MachineFacts machine = MachineFacts.read(Path.of("/"));
    return new TwinCheck(
        apis.heartbeat(),
        new TwinCheck.Self(
            node.name(),
            node.addresses().internal().stream().map(IpAddresses::text).toList(),
            machine.bootId(),
            machine.machineId()),
        InstantSource.system(),
        Sleeper.SYSTEM);
  }

  /** Servers are dialled past the load balancer: a strange one is noticed here first. */
  private static SSLContext tunnelTls(NodeCredentials.Held held, CertificateKeeper certificates) {
    return TlsContexts.of(
        held.serverCa(),
        Optional.of(held.tls(NodeCertificate.CLIENT_KUBELET)),
        certificates::strangeServer);
  }

  /** Source: k3s v1.36.3 pkg/agent/run.go; tools wait for this line, systemd for the datagram. */
  private void tellReady() {
    log.atInfo().log("k3s agent is up and running");
    reports.ready();
    reports.stage("running");
  }

  private Flannel flannel(FlannelConfig network, Apis apis, FlannelHost host, NodeKubelet kubelet) {
    return new Flannel(
        network,
        host,
        apis.kubelet(),
        apis.controller(),
        new Gate<>("PodNetwork"),
        config.overlayProbe() ? Optional.of(kubelet::tellOfNode) : Optional.empty());
  }

  private Join join(Balancers balancers, Optional<ColdStart> memory) throws InterruptedException {
    JoinConfig join =
        new JoinConfig(
            config.server(),
            balancers.supervisorUrl(),
            TokenSource.read(config, Sleeper.SYSTEM),
            config.agentDir(),
            ground.nodeFiles(),
            config.nodeName().orElseGet(HostName::read),
            config.withNodeId(),
            addresses(config.nodeIps()),
            addresses(config.externalIps()),
            config.flannelInterface(),
            config.resolvConf(),
            config.runtime().endpoint().orElse(JoinConfig.DEFAULT_RUNTIME_ENDPOINT),
            config.runtime().imageEndpoint(),
            config.allowNewCluster());
    return new Join(
        join,
        Join.Host.local(),
        balancers::apiServerUrl,
        balancers::lastFailures,
        memory.<JoinMemory>map(m -> m).orElse(JoinMemory.NONE));
  }

  private ProxyOptions.Settings proxyOptions(String loopback) {
    int processors = Runtime.getRuntime().availableProcessors();
    return ProxyOptions.read(config.kubeProxyArgs(), loopback, processors);
  }

  /** Of the node's first family. Source: k3s v1.36.3 pkg/daemons/agent/agent_linux.go. */
  private static String loopback(JoinedNode node) {
    return IpAddresses.isIpv6(node.addresses().internal().getFirst()) ? "::1" : "127.0.0.1";
  }

  private void prepareHost(
      JoinedNode node, HostSettings.Conntrack conntrack, KubeletSettings settings)
      throws InterruptedException {
    boolean ipv6 = node.settings().clusterCidrs().stream().anyMatch(cidr -> cidr.isIpv6());
    boolean filtered =
        !node.settings().disableKubeProxy() || !node.settings().flannelBackend().equals("none");
    ground.prepare(new HostSettings(ipv6, filtered, conntrack, !settings.protectKernelDefaults()));
  }

  static List<InetAddress> addresses(List<String> texts) {
    return texts.stream().map(IpAddresses::parse).toList();
  }
}
