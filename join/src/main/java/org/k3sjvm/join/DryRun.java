package org.k3sjvm.join;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
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
import org.k3sjvm.join.DryRunReport.Step;

/**
 * Takes the steps of a {@link Join} without joining: no file is written here, and no node password
 * is sent, which is what makes a server remember a node. What it asks are reads, but for one
 * certificate of the service proxy, of which a server keeps no record and which is forgotten here;
 * with it the API tells its version and whether it knows a node of this name. It goes straight to
 * the server of {@code --server}.
 */
public final class DryRun {
  /** Less than what an agent waits, so that all is told within 15 s. */
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(4);

  private static final Duration LOOKUP_LIMIT = Duration.ofSeconds(6);

  /** Clocks that differ less are no finding. */
  private static final Duration SKEW = Duration.ofMinutes(5);

  /** Oldest and newest minor version of v1 that this agent was tried with. */
  private static final int OLDEST = 21;

  private static final int NEWEST = 36;

  private static final int MOST_ADDRESSES = 16;
  private static final Pattern MINOR = Pattern.compile("^v1\\.(\\d+)");
  private static final Pattern NODE_USER = Pattern.compile("(?:^|,)CN=system:node:([^,]+)");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final JoinConfig config;
  private final Join.Host host;
  private final Path machineId;
  private final Faults faults;
  private final AgentFiles files;
  private final List<Step> steps = new ArrayList<>();
  private final List<Finding> findings = new ArrayList<>();
  private boolean clockIsWrong;

  /**
   * @param config its endpoint is the server itself
   * @param machineId the file, usually {@code /etc/machine-id}
   */
  public DryRun(JoinConfig config, Join.Host host, Path machineId) {
    this.config = config;
    this.host = host;
    this.machineId = machineId;
    this.faults = new Faults(config.server(), config.endpoint(), Optional::empty, host.clock());
    this.files = new AgentFiles(config.agentDirectory());
  }

  /** Takes the steps; a stage that fails ends it, as it would end a try to join. */
  public DryRunReport run() throws InterruptedException {
    Optional<JoinToken> token = readToken();
    if (reachable()) {
      ask(token);
    }
    Set<Stage> missing = EnumSet.allOf(Stage.class);
    steps.forEach(step -> missing.remove(step.stage()));
    missing.forEach(stage -> step(stage, Outcome.SKIPPED, "not tried"));
    steps.sort(java.util.Comparator.comparing(Step::stage));
    return new DryRunReport(steps, findings);
  }

  private Optional<JoinToken> readToken() {
    try {
      return config.token().map(JoinToken::parse);
    } catch (JoinException.InvalidToken e) {
      fail(
          Stage.TOKEN,
          Finding.error(
              "token-invalid",
              "the token is none",
              reason(e),
              "copy it again: cat <data-dir>/server/node-token on a server"));
      return Optional.empty();
    }
  }

  private boolean failed(Stage stage) {
    return steps.stream()
        .anyMatch(step -> step.stage() == stage && step.outcome() == Outcome.FAILED);
  }

  private boolean reachable() throws InterruptedException {
    String name = bare(config.server().getHost());
    List<InetAddress> addresses = lookUp(name);
    if (addresses.isEmpty()) {
      return false;
    }
    int port = config.server().getPort();
    List<Attempt> attempts =
        connect(
            addresses.stream()
                .limit(MOST_ADDRESSES)
                .map(address -> new InetSocketAddress(address, port))
                .toList());
    String line = attempts.stream().map(Attempt::line).collect(Collectors.joining("; "));
    Optional<InetSocketAddress> open =
        attempts.stream()
            .filter(attempt -> attempt.fault().isEmpty())
            .map(Attempt::address)
            .findFirst();
    if (open.isEmpty()) {
      fail(Stage.TCP, unreachable(attempts, line));
      return false;
    }
    step(Stage.TCP, Outcome.PASSED, line);
    return speaksTls(open.get(), name);
  }

  private List<InetAddress> lookUp(String name) throws InterruptedException {
    if (IpAddresses.isLiteral(name)) {
      step(Stage.DNS, Outcome.PASSED, name + " is an address");
      return List.of(IpAddresses.parse(name));
    }
    String cause = "no name server answered within " + LOOKUP_LIMIT.toSeconds() + " s";
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    try {
      InetAddress[] found =
          threads
              .submit(() -> InetAddress.getAllByName(name))
              .get(LOOKUP_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      step(
          Stage.DNS,
          Outcome.PASSED,
          name + " is " + String.join(", ", NodeSight.texts(List.of(found))));
      return List.of(found);
    } catch (ExecutionException e) {
      cause =
          e.getCause() instanceof UnknownHostException
              ? "neither /etc/hosts nor the name servers of /etc/resolv.conf know it"
              : String.valueOf(e.getCause());
    } catch (TimeoutException e) {
      // said already
    } finally {
      threads.shutdownNow();
    }
    fail(
        Stage.DNS,
        Finding.error(
            "server-name",
            "the name " + name + " of --server is not known to DNS",
            cause,
            "check it with getent hosts "
                + name
                + "; correct --server, add the name to DNS or to /etc/hosts, or use an address"));
    return List.of();
  }

  private record Attempt(InetSocketAddress address, Optional<IOException> fault) {
    boolean silent() {
      return fault.filter(f -> f instanceof SocketTimeoutException).isPresent();
    }

    /** Nothing came back from the machine itself. */
    boolean away() {
      return silent() || fault.filter(f -> f instanceof NoRouteToHostException).isPresent();
    }

    String line() {
      return IpAddresses.text(address.getAddress())
          + " port "
          + address.getPort()
          + ": "
          + fault.map(f -> silent() ? "no answer" : Faults.describe(f)).orElse("open");
    }
  }

  private static List<Attempt> connect(List<InetSocketAddress> addresses)
      throws InterruptedException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Attempt>> tries =
          threads.invokeAll(
              addresses.stream()
                  .<java.util.concurrent.Callable<Attempt>>map(address -> () -> attempt(address))
                  .toList());
      return tries.stream().map(Future::resultNow).toList();
    }
  }

  private static Attempt attempt(InetSocketAddress address) {
    try (Socket socket = new Socket()) {
      socket.connect(address, Math.toIntExact(CONNECT_LIMIT.toMillis()));
      return new Attempt(address, Optional.empty());
    } catch (IOException e) {
      return new Attempt(address, Optional.of(e));
    }
  }

  private Finding unreachable(List<Attempt> attempts, String line) {
    int port = config.server().getPort();
    if (attempts.stream().allMatch(Attempt::away)) {
      return Finding.error(
          "server-silent",
          "nothing answers at " + config.server() + " within " + CONNECT_LIMIT.toSeconds() + " s",
          line + "; the address is wrong, the machine is off, or a firewall drops packets",
          "check --server; on the server open TCP port %d, for example with ufw allow %d/tcp, or firewall-cmd --permanent --add-port=%d/tcp && firewall-cmd --reload"
              .formatted(port, port, port));
    }
    return Finding.error(
        "server-refuses",
        "no server listens at " + config.server(),
        line,
        "on the server: systemctl status k3s, and ss -lnt | grep "
            + port
            + "; correct the port of --server if it is another (usually 6443)");
  }

  private boolean speaksTls(InetSocketAddress address, String name) {
    CaTrust.TrustAnyone seen = new CaTrust.TrustAnyone();
    try (Socket plain = new Socket()) {
      plain.connect(address, Math.toIntExact(CONNECT_LIMIT.toMillis()));
      plain.setSoTimeout(Math.toIntExact(CONNECT_LIMIT.toMillis()));
      try (SSLSocket tls =
          (SSLSocket)
              seen.context()
                  .getSocketFactory()
                  .createSocket(plain, name, address.getPort(), true)) {
        tls.startHandshake();
        X509Certificate leaf = seen.chain().getFirst();
        step(
            Stage.TLS,
            Outcome.PASSED,
            "%s, certificate of %s by %s, valid until %s"
                .formatted(
                    tls.getSession().getProtocol(),
                    leaf.getSubjectX500Principal(),
                    leaf.getIssuerX500Principal(),
                    leaf.getNotAfter().toInstant()));
        return true;
      }
    } catch (IOException e) {
      boolean silent = e instanceof SocketTimeoutException;
      boolean otherProtocol =
          e instanceof SSLException && String.valueOf(e.getMessage()).contains("SSL message");
      String cause;
      if (silent) {
        cause =
            "it takes connections and says nothing: a load balancer without a server behind it, or"
                + " a server that hangs";
      } else if (otherProtocol) {
        cause = "what answers there does not speak TLS: another program has this port";
      } else {
        cause = "the connection ends during the handshake: " + e.getMessage();
      }
      fail(
          Stage.TLS,
          Finding.error(
              "server-tls",
              "no TLS at " + config.server(),
              cause,
              "check the port of --server (usually 6443), and on the server: systemctl status k3s;"
                  + " ss -lntp"));
      return false;
    }
  }

  private void ask(Optional<JoinToken> token) throws InterruptedException {
    lookAtClock();
    Optional<ClusterTrust> trust = trust(token);
    if (trust.isEmpty() || failed(Stage.TOKEN)) {
      return;
    }
    Optional<TlsIdentity> identity = identity();
    if (token.isEmpty() && identity.isEmpty()) {
      fail(
          Stage.TOKEN,
          Finding.error(
              "token-missing",
              "there is no token",
              "neither --token nor --token-file gives one, and this host has no certificate of an"
                  + " earlier join in "
                  + files.directory(),
              "copy it from <data-dir>/server/node-token on a server and give it with --token"));
      return;
    }
    try (HttpSupervisor supervisor =
        new HttpSupervisor(config, trust.get(), token, identity, faults)) {
      Optional<ServerSettings> settings = settings(supervisor);
      if (settings.isPresent()) {
        lookAtAddresses(settings.get());
        lookAtCluster(supervisor, trust.get(), settings.get());
        lookAtServers(supervisor);
      }
    }
  }

  /** Whoever answers HTTP says what time it is. */
  private void lookAtClock() throws InterruptedException {
    Instant here = host.clock().instant().truncatedTo(ChronoUnit.SECONDS);
    Optional<Instant> there = Optional.empty();
    CaTrust.TrustAnyone anyone = new CaTrust.TrustAnyone();
    try (SupervisorHttp http = new SupervisorHttp(config.endpoint(), anyone.context())) {
      there = http.get("/ping", Map.of()).date().flatMap(DryRun::date);
    } catch (IOException e) {
      step(Stage.CLOCK, Outcome.UNKNOWN, "the server does not tell: " + e.getMessage());
      return;
    }
    if (there.isEmpty()) {
      step(Stage.CLOCK, Outcome.UNKNOWN, "the server does not tell");
      return;
    }
    Duration skew = Duration.between(there.get(), here);
    clockIsWrong = skew.abs().compareTo(SKEW) > 0;
    if (clockIsWrong) {
      String message = "this host's clock is " + apart(skew) + " the server's";
      String cause = "it says " + here + ", the server's says " + there.get();
      String repair =
          "timedatectl set-ntp true, or date -u -s '"
              + there.get()
              + "' where no time server is reached; a board without a battery forgets the time";
      boolean much = skew.abs().compareTo(Duration.ofDays(1)) > 0;
      findings.add(
          much
              ? Finding.error("clock", message, cause, repair)
              : Finding.warning("clock", message, cause, repair));
      step(Stage.CLOCK, much ? Outcome.FAILED : Outcome.PASSED, message);
    } else {
      step(Stage.CLOCK, Outcome.PASSED, "within " + SKEW.toMinutes() + " minutes of the server's");
    }
  }

  private static String apart(Duration skew) {
    Duration size = skew.abs();
    String text =
        size.toDays() > 1
            ? size.toDays() + " days"
            : size.toHours() > 1 ? size.toHours() + " hours" : size.toMinutes() + " minutes";
    return text + (skew.isNegative() ? " behind" : " ahead of");
  }

  private static Optional<Instant> date(String text) {
    try {
      return Optional.of(Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private Optional<ClusterTrust> trust(Optional<JoinToken> token) throws InterruptedException {
    Optional<String> pin = token.flatMap(JoinToken::caHash);
    try {
      ClusterTrust trust =
          new CaTrust(config.endpoint(), config.server(), faults)
              .discover(pin, EarlierCluster.of(files.serverCa()), config.allowNewCluster())
              .trust();
      step(
          Stage.AUTHORITIES,
          Outcome.PASSED,
          switch (trust) {
            case ClusterTrust.HostStore() -> "this host's own authorities vouch for the server";
            case ClusterTrust.Pinned _ ->
                pin.isPresent()
                    ? "the token pins the cluster's authorities"
                    : "the server's own authorities, which the token does not pin";
          });
      if (token.isPresent() && pin.isEmpty() && trust instanceof ClusterTrust.Pinned) {
        findings.add(
            Finding.note(
                "token-without-pin",
                "the token does not say which cluster it is of",
                "a short token has no digest of the cluster's authorities: whoever answers at "
                    + config.server()
                    + " gets it",
                "use the whole text of <data-dir>/server/node-token, which begins with K10"));
      }
      return Optional.of(trust);
    } catch (JoinException e) {
      fail(Stage.AUTHORITIES, authorities(e, pin.isPresent()));
      return Optional.empty();
    }
  }

  private Finding authorities(JoinException fault, boolean pinned) {
    String text = reason(fault);
    if (fault instanceof JoinException.BadAnswer) {
      return Finding.error(
          "not-a-k3s-server",
          "what answers at " + config.server() + " is no k3s server, or not ready",
          text,
          "correct --server: it is the address of a k3s server, usually port 6443, with no web"
              + " server or ingress in between");
    }
    if (Faults.isValidity(fault)) {
      return Finding.error(
          clockIsWrong ? "clock-certificate" : "certificate-validity",
          "the server's certificate is not valid at this host's time",
          text,
          clockIsWrong
              ? "set this host's clock: timedatectl set-ntp true"
              : "check both clocks with date -u; if they are right, on the server: k3s certificate"
                  + " rotate, then systemctl restart k3s");
    }
    if (text.contains("is it a k3s server?")) {
      return Finding.error(
          "not-a-k3s-server",
          "what answers at " + config.server() + " is no k3s server",
          text,
          "correct --server: it is the address of a k3s server, usually port 6443, with no web"
              + " server or ingress in between");
    }
    if (pinned && text.contains("the token pins CA")) {
      return Finding.error(
          "ca-pin",
          "the token is of another cluster than the server",
          text,
          "if the cluster was made anew or its CA was rotated, copy the token again: cat"
              + " <data-dir>/server/node-token on the server; otherwise correct --server");
    }
    if (text.contains("this node belongs to the cluster")) {
      return Finding.error(
          "another-cluster",
          "this node belongs to another cluster than the server",
          text,
          "if the cluster was made anew: start the agent with the full token of"
              + " <data-dir>/server/node-token, or with --allow-new-cluster; otherwise correct"
              + " --server");
    }
    return Finding.error(
        "ca-foreign",
        "the server's certificate does not stand on the authorities that it offers",
        text,
        "look for a proxy that breaks TLS open between here and the server: openssl s_client"
            + " -connect "
            + config.server().getAuthority()
            + " -showcerts; pass TCP through instead");
  }

  private Optional<ServerSettings> settings(HttpSupervisor supervisor) throws InterruptedException {
    try {
      ServerSettings settings = supervisor.settings();
      step(Stage.TOKEN, Outcome.PASSED, "the server takes it");
      Join.checkNotDownLevel(settings);
      boolean ready = supervisor.ready();
      step(
          Stage.SERVER,
          Outcome.PASSED,
          "pods %s, services %s, flannel %s%s"
              .formatted(
                  settings.clusterCidrs(),
                  settings.serviceCidrs(),
                  settings.flannelBackend(),
                  ready ? "" : "; it is not ready yet"));
      if (!ready) {
        findings.add(
            Finding.warning(
                "server-not-ready",
                "the server says that it is not ready",
                config.server() + "/v1-k3s/readyz answers 5xx",
                "wait, then on the server: journalctl -u k3s -e"));
      }
      return Optional.of(settings);
    } catch (JoinException.Unauthorized e) {
      fail(Stage.TOKEN, refused(e));
    } catch (JoinException.Untrusted e) {
      fail(
          Stage.AUTHORITIES,
          Faults.isValidity(e)
              ? authorities(e, true)
              : Finding.error(
                  "server-certificate-name",
                  "the server's certificate does not name " + config.server().getHost(),
                  reason(e),
                  "use a name or address of the certificate in --server, or start the server with"
                      + " --tls-san "
                      + config.server().getHost()));
    } catch (JoinException e) {
      boolean busy = e instanceof JoinException.BadAnswer answer && answer.status() >= 500;
      fail(
          Stage.SERVER,
          Finding.error(
              busy ? "server-not-ready" : "server-answer",
              busy
                  ? "the server answers that it cannot serve agents now"
                  : "the server does not answer as one that this agent can join",
              reason(e),
              "on the server: systemctl status k3s, and journalctl -u k3s -e; if it is older than"
                  + " v1.21, upgrade it"));
    }
    return Optional.empty();
  }

  private Finding refused(JoinException fault) {
    boolean bootstrap =
        config
            .token()
            .map(JoinToken::parse)
            .map(JoinToken::credentials)
            .filter(credentials -> credentials instanceof JoinToken.Credentials.Bootstrap)
            .isPresent();
    return bootstrap
        ? Finding.error(
            "token-refused",
            "the server refuses the bootstrap token",
            reason(fault) + "; bootstrap tokens expire, after a day unless made otherwise",
            "on the server: k3s token list shows which are valid, k3s token create makes one")
        : Finding.error(
            "token-refused",
            "the server refuses the token",
            reason(fault),
            "copy it again: cat <data-dir>/server/node-token on the server (agent-token if the"
                + " server has one of its own for agents)");
  }

  private void lookAtAddresses(ServerSettings settings) {
    try {
      NodeAddresses addresses =
          AddressChoice.choose(config, host.network(), settings.clusterCidrs());
      AddressChoice.checkFamilies(settings, addresses);
      step(Stage.ADDRESSES, Outcome.PASSED, addresses.toString());
    } catch (JoinException e) {
      fail(
          Stage.ADDRESSES,
          Finding.error(
              "node-address",
              "this host has no address that fits the cluster",
              reason(e),
              "ip address; then name one with --node-ip"));
    }
  }

  /** With a throw-away certificate of the service proxy, which any agent gets for its token. */
  private void lookAtCluster(HttpSupervisor supervisor, ClusterTrust trust, ServerSettings settings)
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
      if (steps.stream().noneMatch(step -> step.stage() == Stage.VERSION)) {
        step(Stage.VERSION, Outcome.UNKNOWN, "the API does not tell: " + e.getMessage());
      }
    }
    NodeSight sight =
        new NodeSight(
            name,
            known,
            member,
            identity().flatMap(DryRun::nodeOf),
            Files.exists(config.nodeDirectory().resolve("password")),
            text(machineId),
            host.network().interfaces().stream()
                .flatMap(nic -> nic.addresses().stream())
                .map(IpAddresses::text)
                .toList());
    Optional<Finding> objection = sight.judge();
    objection.ifPresent(findings::add);
    step(
        Stage.PASSWORD,
        objection.filter(Finding::hinders).isPresent()
            ? Outcome.FAILED
            : sight.member().isEmpty() && known ? Outcome.PASSED : Outcome.UNKNOWN,
        sight.line());
  }

  private void version(SupervisorHttp.Answer answer) throws IOException {
    String version = answer.ok() ? JSON.readTree(answer.body()).path("gitVersion").asText() : "";
    if (version.isEmpty()) {
      step(Stage.VERSION, Outcome.UNKNOWN, "the API answers " + answer.status());
      return;
    }
    step(Stage.VERSION, Outcome.PASSED, version);
    Matcher minor = MINOR.matcher(version);
    if (minor.find()) {
      int number = Integer.parseInt(minor.group(1));
      if (number < OLDEST || number > NEWEST) {
        findings.add(
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
  private void lookAtServers(HttpSupervisor supervisor) throws InterruptedException {
    List<HostPort> servers;
    try {
      servers = supervisor.apiServers();
    } catch (JoinException e) {
      step(Stage.SERVERS, Outcome.UNKNOWN, "the server does not tell (before v1.30 none does)");
      return;
    }
    List<Attempt> attempts =
        connect(
            servers.stream()
                .filter(server -> IpAddresses.isLiteral(server.host()))
                .map(s -> new InetSocketAddress(IpAddresses.parse(s.host()), s.port()))
                .limit(MOST_ADDRESSES)
                .toList());
    step(
        Stage.SERVERS,
        Outcome.PASSED,
        attempts.isEmpty()
            ? "none is told yet"
            : attempts.stream().map(Attempt::line).collect(Collectors.joining("; ")));
    for (Attempt attempt : attempts) {
      if (attempt.fault().isPresent()) {
        findings.add(
            Finding.warning(
                "server-unreachable",
                "a server of the cluster is not reached from here",
                attempt.line() + "; kubectl logs and exec go through a tunnel to each server",
                "open its port for this host; if its address is of another network, set"
                    + " --advertise-address or --node-external-ip on that server"));
      }
    }
  }

  private Optional<TlsIdentity> identity() {
    try {
      return Optional.of(
          TlsIdentity.load(
              files.certificate(NodeCertificate.CLIENT_KUBELET),
              files.key(NodeCertificate.CLIENT_KUBELET)));
    } catch (PkiException e) {
      return Optional.empty();
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

  private static String reason(JoinException fault) {
    return String.valueOf(fault.getMessage());
  }

  private static String bare(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  private void fail(Stage stage, Finding finding) {
    findings.add(finding);
    step(stage, Outcome.FAILED, finding.message());
  }

  private void step(Stage stage, Outcome outcome, String detail) {
    steps.removeIf(step -> step.stage() == stage);
    steps.add(new Step(stage, outcome, detail));
  }
}
