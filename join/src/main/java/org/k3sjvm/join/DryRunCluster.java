package org.k3sjvm.join;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.join.DryRunReport.Outcome;
import org.k3sjvm.join.DryRunReport.Stage;

/**
 * The last stages of a {@link DryRun}: what the API tells of itself, of this node and of other
 * servers.
 */
final class DryRunCluster {
  /** Oldest and newest minor version of v1 that this agent was tried with. */
  private static final int OLDEST = 21;

  private static final int NEWEST = 36;

  private static final Pattern MINOR = Pattern.compile("^v1\\.(\\d+)");

  private static final Pattern NODE_USER = Pattern.compile("(?:^|,)CN=system:node:([^,]+)");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final JoinConfig config;
  private final HostNetwork network;
  private final Path machineId;
  private final Optional<TlsIdentity> identity;
  private final DryRunSteps steps;

  /**
   * @param machineId the file
   * @param identity of an earlier join
   */
  DryRunCluster(
      JoinConfig config,
      HostNetwork network,
      Path machineId,
      Optional<TlsIdentity> identity,
      DryRunSteps steps) {
    this.config = config;
    this.network = network;
    this.machineId = machineId;
    this.identity = identity;
    this.steps = steps;
  }

  /** With a throw-away certificate of the service proxy, which any agent gets for its token. */
  void lookAtCluster(HttpSupervisor supervisor, ClusterTrust trust, ServerSettings settings)
      throws InterruptedException {
    Optional<NodeSight.Member> member = Optional.empty();
    boolean known = false;
    String name = name();
    try {
      TlsIdentity proxy = throwAway(supervisor);
      URI api =
          settings.separateApiServerPort()
              ? URI.create("https://" + config.server().getHost() + ":" + settings.apiServerPort())
              : config.endpoint();
      try (SupervisorHttp http = new SupervisorHttp(api, trust.tls(Optional.of(proxy)))) {
        version(http.get("/version", Map.of()));
        SupervisorHttp.Answer node = http.get("/api/v1/nodes/" + name, Map.of());
        known = node.ok() || node.status() == 404;
        if (node.ok()) {
          member = Optional.of(NodeSight.Member.of(JSON.readTree(node.body())));
        }
      }
    } catch (IOException | JoinException | PkiException e) {
      if (!steps.has(Stage.VERSION)) {
        steps.step(Stage.VERSION, Outcome.UNKNOWN, "the API does not tell: " + e.getMessage());
      }
    }
    NodeSight sight =
        new NodeSight(
            name,
            known,
            member,
            identity.flatMap(DryRunCluster::nodeOf),
            Files.exists(config.nodeDirectory().resolve("password")),
            text(machineId),
            network.interfaces().stream()
                .flatMap(nic -> nic.addresses().stream())
                .map(IpAddresses::text)
                .toList());
    Optional<Finding> objection = sight.judge();
    objection.ifPresent(steps::find);
    steps.step(
        Stage.PASSWORD,
        objection.filter(Finding::hinders).isPresent()
            ? Outcome.FAILED
            : sight.member().isEmpty() && known ? Outcome.PASSED : Outcome.UNKNOWN,
        sight.line());
  }

  private void version(SupervisorHttp.Answer answer) throws IOException {
    String version = answer.ok() ? JSON.readTree(answer.body()).path("gitVersion").asText() : "";
    if (version.isEmpty()) {
      steps.step(Stage.VERSION, Outcome.UNKNOWN, "the API answers " + answer.status());
      return;
    }
    steps.step(Stage.VERSION, Outcome.PASSED, version);
    Matcher minor = MINOR.matcher(version);
    if (minor.find()) {
      int number = Integer.parseInt(minor.group(1));
      if (number < OLDEST || number > NEWEST) {
        steps.find(
            Finding.warning(
                "server-version",
                "the server is " + version,
                "this agent was tried with v1." + OLDEST + " to v1." + NEWEST,
                number < OLDEST ? "upgrade the server" : "upgrade this agent"));
      }
    }
  }

  private TlsIdentity throwAway(HttpSupervisor supervisor) throws InterruptedException {
    KeyPair pair = Keys.generate();
    List<Pem.Block> answer =
        supervisor.certificate(
            NodeCertificate.CLIENT_KUBE_PROXY, Keys.certificateRequest(pair), Map.of());
    StringBuilder chain = new StringBuilder();
    PrivateKey key = pair.getPrivate();
    for (Pem.Block block : answer) {
      if (block.isPrivateKey()) {
        key = Keys.parsePrivate(block.text());
      } else {
        chain.append(block.text());
      }
    }
    return new TlsIdentity(Certificates.parse(chain.toString()), key);
  }

  /** Tunnels go to each server itself, whatever {@code --server} leads to. */
  void lookAtServers(HttpSupervisor supervisor) throws InterruptedException {
    List<HostPort> servers;
    try {
      servers = supervisor.apiServers();
    } catch (JoinException e) {
      steps.step(
          Stage.SERVERS, Outcome.UNKNOWN, "the server does not tell (before v1.30 none does)");
      return;
    }
    List<DryRunReach.Attempt> attempts =
        DryRunReach.connect(
            servers.stream()
                .filter(server -> IpAddresses.isLiteral(server.host()))
                .map(s -> new InetSocketAddress(IpAddresses.parse(s.host()), s.port()))
                .toList());
    steps.step(
        Stage.SERVERS,
        Outcome.PASSED,
        attempts.isEmpty()
            ? "none is told yet"
            : attempts.stream().map(DryRunReach.Attempt::line).collect(Collectors.joining("; ")));
    for (DryRunReach.Attempt attempt : attempts) {
      if (attempt.fault().isPresent()) {
        steps.find(
            Finding.warning(
                "server-unreachable",
                "a server of the cluster is not reached from here",
                attempt.line() + "; kubectl logs and exec go through a tunnel to each server",
                "open its port for this host; if its address is of another network, set"
                    + " --advertise-address or --node-external-ip on that server"));
      }
    }
  }

  private static Optional<String> nodeOf(TlsIdentity identity) {
    Matcher subject =
        NODE_USER.matcher(identity.chain().getFirst().getSubjectX500Principal().getName());
    return subject.find() ? Optional.of(subject.group(1)) : Optional.empty();
  }

  /** As it would be joined; the id is only read, and made by the agent. */
  private String name() {
    String lower = config.nodeName().toLowerCase(Locale.ROOT);
    String id = config.withNodeId() ? text(config.nodeDirectory().resolve("id")) : "";
    return id.isEmpty() ? lower : lower + "-" + id;
  }

  private static String text(Path file) {
    try {
      return AtomicFiles.read(file).orElse("").strip();
    } catch (IOException e) {
      return "";
    }
  }
}
