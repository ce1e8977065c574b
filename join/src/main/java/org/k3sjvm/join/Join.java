package org.k3sjvm.join;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.backoff.RetryLog;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.nodepassword.NodeFiles;
import org.k3sjvm.nodepassword.NodeFilesException;
import org.k3sjvm.nodepassword.NodeIdentity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins the cluster: trust, settings, authorities, identity, certificates, kubeconfigs. {@link
 * #run} tries until it succeeds, as servers may come later than nodes. Only what no waiting can
 * mend ends it: a token that is none, and a node that does not fit the cluster. Source: k3s v1.36.3
 * pkg/agent/config, get.
 */
public final class Join {
  /** Source: k3s v1.36.3 pkg/agent/run.go, Run. */
  static final Duration TRUST_RETRY = Duration.ofSeconds(2);

  /** Source: k3s v1.36.3 pkg/agent/config, Get: 5 s and up to 5 s more. */
  static final Duration PASS_RETRY = Duration.ofSeconds(5);

  /** Each try costs the server a scrypt, and only a person can mend it. */
  static final Duration PASSWORD_RETRY = Duration.ofSeconds(15);

  /** How long no server may answer before a node that joined before starts without. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** How often a reason that stays is told. */
  private static final Duration REMIND = Duration.ofMinutes(1);

  private static final String OWNER_ONLY = "rw-------";
  private static final Logger log = LoggerFactory.getLogger(Join.class);

  private final JoinConfig config;
  private final AgentFiles files;
  private final Host host;
  private final ApiServerAccess access;
  private final Faults faults;
  private final JoinMemory memory;
  private boolean foreign;
  private String coldFault = "";

  /**
   * What joining needs of this host.
   *
   * @param resolvConfs candidates, the first that is of use to pods wins
   * @param random a cryptographically strong source
   */
  public record Host(
      HostNetwork network,
      List<Path> resolvConfs,
      InstantSource clock,
      Sleeper sleeper,
      RandomGenerator random) {
    public Host {
      resolvConfs = List.copyOf(resolvConfs);
    }

    /** This one. */
    public static Host local() {
      return new Host(
          new LinuxHostNetwork(),
          ResolvConf.CANDIDATES,
          InstantSource.system(),
          Sleeper.SYSTEM,
          new java.security.SecureRandom());
    }
  }

  /** One that remembers no earlier join. */
  public Join(JoinConfig config, Host host, ApiServerAccess access, ServerReport report) {
    this(config, host, access, report, JoinMemory.NONE);
  }

  public Join(
      JoinConfig config,
      Host host,
      ApiServerAccess access,
      ServerReport report,
      JoinMemory memory) {
    this.memory = memory;
    this.config = config;
    this.files = new AgentFiles(config.agentDirectory());
    this.host = host;
    this.access = access;
    this.faults = new Faults(config.server(), config.endpoint(), report, host.clock());
  }

  /** {@link #run(Consumer)}, telling nobody. */
  public JoinedNode run() throws InterruptedException {
    return run(_ -> {});
  }

  /**
   * Blocks until the node has joined; or, while no server answers for {@link #PATIENCE}, until it
   * is what it was after the join before.
   *
   * @param waiting is told why each try failed
   * @throws JoinException when trying again would not help
   */
  public JoinedNode run(Consumer<String> waiting) throws InterruptedException {
    RetryLog talk = new RetryLog(REMIND);
    Optional<Instant> silentSince = Optional.empty();
    while (true) {
      Instant began = host.clock().instant();
      try {
        return once();
      } catch (JoinException.InvalidToken | JoinException.FamilyMismatch e) {
        throw e;
      } catch (JoinException e) {
        Duration wait = waitAfter(e);
        String reason = String.valueOf(e.getMessage());
        if (talk.tells(reason, host.clock().instant())) {
          log.atWarn()
              .addKeyValue("error", reason)
              .addKeyValue("retryIn", wait)
              .log("cannot join the cluster yet");
          log.atDebug().setCause(e).log("why the node could not join");
        }
        waiting.accept(reason);
        silentSince = silence(silentSince, began, e);
        Optional<JoinedNode> before = silentSince.flatMap(this::recallAfter);
        if (before.isPresent()) {
          return before.get();
        }
        host.sleeper().sleep(wait);
      }
    }
  }

  /** Since when nothing was heard; whoever refuses this node, or shows another CA, was heard. */
  private Optional<Instant> silence(Optional<Instant> since, Instant began, JoinException fault) {
    if (fault instanceof JoinException.Untrusted) {
      foreign = true;
    }
    boolean silent =
        fault instanceof JoinException.Unreachable
            || (fault instanceof JoinException.BadAnswer answer && answer.status() >= 500);
    return silent && !foreign ? since.or(() -> Optional.of(began)) : Optional.empty();
  }

  private Optional<JoinedNode> recallAfter(Instant silentSince) {
    return Duration.between(silentSince, host.clock().instant()).compareTo(PATIENCE) >= 0
        ? recall()
        : Optional.empty();
  }

  /** Empty when this node never joined, too long ago, or is not what it was. */
  private Optional<JoinedNode> recall() {
    Optional<String> said = memory.recall();
    if (said.isEmpty()) {
      return Optional.empty();
    }
    try {
      ServerSettings settings = SettingsJson.parse(said.get().getBytes(StandardCharsets.UTF_8));
      JoinedNode node =
          joined(
              identity(),
              settings,
              addresses(settings),
              kept(files.serverCa()),
              kept(files.clientCa()),
              true);
      for (NodeCertificate certificate : NodeCertificate.values()) {
        node.tls(certificate);
      }
      checkIsOf(node.tls(NodeCertificate.CLIENT_KUBELET), node.name());
      log.atWarn()
          .addKeyValue("node", node.name())
          .addKeyValue("server", config.server())
          .log("no server answers, starting with what the last one said");
      return Optional.of(node);
    } catch (JoinException | PkiException | IllegalArgumentException | IOException e) {
      String reason = String.valueOf(e.getMessage());
      (reason.equals(coldFault) ? log.atDebug() : log.atWarn())
          .addKeyValue("reason", reason)
          .log("cannot start pods with what the last server said, they wait for a server");
      coldFault = reason;
      return Optional.empty();
    }
  }

  /** A node that got another name is another node. */
  private static void checkIsOf(TlsIdentity identity, String name) {
    String subject = identity.chain().getFirst().getSubjectX500Principal().getName();
    if (!List.of(subject.split(",")).contains("CN=system:node:" + name)) {
      throw new PkiException("the certificate is of " + subject + ", not of node " + name);
    }
  }

  private static List<X509Certificate> kept(Path file) throws IOException {
    List<X509Certificate> authorities = Certificates.parse(AtomicFiles.read(file).orElse(""));
    if (authorities.isEmpty()) {
      throw new PkiException("there is no certificate in " + file);
    }
    return authorities;
  }

  private NodeAddresses addresses(ServerSettings settings) {
    NodeAddresses addresses = AddressChoice.choose(config, host.network(), settings.clusterCidrs());
    AddressChoice.checkFamilies(settings, addresses);
    return addresses;
  }

  private Duration waitAfter(JoinException fault) {
    return switch (fault) {
      case JoinException.Unreachable _, JoinException.Untrusted _, JoinException.InvalidToken _ ->
          TRUST_RETRY;
      case JoinException.PasswordRejected _ ->
          PASSWORD_RETRY.plusMillis(host.random().nextLong(PASSWORD_RETRY.toMillis()));
      case JoinException.Unauthorized _,
          JoinException.BadAnswer _,
          JoinException.FamilyMismatch _,
          JoinException.HostUnfit _ ->
          PASS_RETRY.plusMillis(host.random().nextLong(PASS_RETRY.toMillis()));
    };
  }

  /**
   * One try.
   *
   * @throws JoinException when it failed; the message says what to do
   */
  public JoinedNode once() throws InterruptedException {
    try {
      return ask();
    } catch (JoinException.Unauthorized | JoinException.PasswordRejected e) {
      memory.refused();
      throw e;
    }
  }

  private JoinedNode ask() throws InterruptedException {
    makeDirectories();
    try (HttpSupervisor supervisor = connect(nodeCertificate(), config.allowNewCluster())) {
      String said = supervisor.settingsText();
      ServerSettings settings = supervisor.settings(said);
      List<X509Certificate> clientCa = keep(files.clientCa(), supervisor.clientCa());
      List<X509Certificate> serverCa = keep(files.serverCa(), supervisor.serverCa());

      NodeAddresses addresses = addresses(settings);
      checkNotDownLevel(settings);

      NodeIdentity identity = identity();
      new Certification(supervisor, files, identity, addresses).requestAll();
      JoinedNode node = joined(identity, settings, addresses, serverCa, clientCa, false);
      writeKubeconfigs(node.apiServer());
      write(files.crictl(), crictl());
      memory.keep(said);
      log.atInfo()
          .addKeyValue("node", identity.name())
          .addKeyValue("server", config.server())
          .addKeyValue("addresses", addresses)
          .log("node has joined");
      return node;
    }
  }

  /**
   * Asks again for what a running node shows and whom it believes. Each file is replaced whole;
   * what the node has in memory is its own, so that a failure changes nothing that works.
   *
   * @param shown the node's own certificate, which its file may not hold any more
   * @throws JoinException when it failed; the message says what to do
   */
  public JoinedNode renew(JoinedNode node, TlsIdentity shown) throws InterruptedException {
    try (HttpSupervisor supervisor = connect(Optional.of(shown), false)) {
      List<X509Certificate> clientCa = keep(files.clientCa(), supervisor.clientCa());
      List<X509Certificate> serverCa = keep(files.serverCa(), supervisor.serverCa());
      new Certification(supervisor, files, node.identity(), node.addresses()).requestAll();
      return node.with(serverCa, clientCa);
    }
  }

  private JoinedNode joined(
      NodeIdentity identity,
      ServerSettings settings,
      NodeAddresses addresses,
      List<X509Certificate> serverCa,
      List<X509Certificate> clientCa,
      boolean remembered) {
    return new JoinedNode(
        identity,
        settings,
        addresses,
        files,
        serverCa,
        clientCa,
        access.urlFor(settings),
        config.endpoint(),
        ResolvConf.choose(config.resolvConf(), host.resolvConfs(), files.resolvConf()),
        remembered);
  }

  /**
   * The supervisor API with the token, and with the node's certificate once there is one.
   *
   * @throws JoinException when nobody answers, or is not to be trusted
   */
  public HttpSupervisor connect() throws InterruptedException {
    return connect(nodeCertificate(), false);
  }

  private HttpSupervisor connect(Optional<TlsIdentity> identity, boolean mayLeave)
      throws InterruptedException {
    Optional<JoinToken> token = config.token().map(JoinToken::parse);
    if (token.isEmpty() && identity.isEmpty()) {
      throw new JoinException.InvalidToken(
          "there is none, and no certificate of an earlier join in " + files.directory());
    }
    CaTrust.Discovery found = trust(token, mayLeave);
    found.left().ifPresent(this::leave);
    return new HttpSupervisor(
        config, found.trust(), token, identity.filter(_ -> found.left().isEmpty()), faults);
  }

  /** Without a token the authorities of the earlier join are the only ones to trust. */
  private CaTrust.Discovery trust(Optional<JoinToken> token, boolean mayLeave)
      throws InterruptedException {
    Optional<EarlierCluster> earlier = EarlierCluster.of(files.serverCa());
    if (token.isPresent()) {
      return new CaTrust(config.endpoint(), config.server(), faults)
          .discover(token.get().caHash(), earlier, mayLeave);
    }
    return earlier
        .map(kept -> CaTrust.Discovery.of(new ClusterTrust.Pinned(kept.authorities())))
        .orElseThrow(
            () ->
                new JoinException.InvalidToken(
                    "there is none, and "
                        + files.serverCa()
                        + " of an earlier join cannot be used"));
  }

  /** What the node was in another cluster is kept for the user, and used no more. */
  private void leave(EarlierCluster cluster) {
    try {
      Path aside = EarlierCluster.putAside(files, host.clock().instant().getEpochSecond());
      memory.forget();
      log.atWarn()
          .addKeyValue("server", config.server())
          .addKeyValue("formerCa", cluster.digest())
          .addKeyValue("keptIn", aside)
          .log("the server is of another cluster than before, joining it afresh");
    } catch (IOException e) {
      throw JoinException.HostUnfit.cannotWrite(files.directory(), e);
    }
  }

  /**
   * Whether servers stand on other authorities than those that the node believes, by the word of a
   * server that it may believe.
   *
   * @throws JoinException when none can be asked
   */
  public boolean haveAuthoritiesChanged(List<X509Certificate> believed)
      throws InterruptedException {
    Optional<JoinToken> token = config.token().map(JoinToken::parse);
    return token.isPresent()
        && trust(token, false).trust() instanceof ClusterTrust.Pinned(var authorities)
        && !authorities.equals(believed);
  }

  private Optional<TlsIdentity> nodeCertificate() {
    try {
      return Optional.of(
          TlsIdentity.load(
              files.certificate(NodeCertificate.CLIENT_KUBELET),
              files.key(NodeCertificate.CLIENT_KUBELET)));
    } catch (PkiException e) {
      log.atDebug().setCause(e).log("no node certificate to offer");
      return Optional.empty();
    }
  }

  private NodeIdentity identity() {
    try {
      return new NodeFiles(config.nodeDirectory(), host.random())
          .load(config.nodeName(), config.withNodeId(), config.agentDirectory());
    } catch (NodeFilesException e) {
      throw new JoinException.HostUnfit(String.valueOf(e.getMessage()), e);
    }
  }

  /** Source: k3s v1.36.3 pkg/agent/config, get. */
  static void checkNotDownLevel(ServerSettings settings) {
    if (!settings.disableNetworkPolicy()
        && (settings.serviceCidrs().isEmpty() || settings.nodePorts().size() == 0)) {
      throw new JoinException.BadAnswer(
          200,
          "incompatible down-level server: it does not tell the ranges of services; upgrade the"
              + " servers, or disable network policy there (--disable-network-policy)");
    }
  }

  private void makeDirectories() {
    try {
      AtomicFiles.makeDirectory(files.directory(), "rwx------");
      AtomicFiles.makeDirectory(files.etc(), "rwxr-xr-x");
    } catch (IOException e) {
      throw JoinException.HostUnfit.cannotWrite(files.directory(), e);
    }
  }

  private void writeKubeconfigs(URI apiServer) {
    for (AgentFiles.Kubeconfig kubeconfig : files.kubeconfigs()) {
      write(
          kubeconfig.file(),
          Kubeconfig.text(
              apiServer,
              files.serverCa(),
              files.certificate(kubeconfig.identity()),
              files.key(kubeconfig.identity())));
    }
  }

  private String crictl() {
    String runtime = "runtime-endpoint: " + config.runtimeEndpoint() + "\n";
    return config
        .imageEndpoint()
        .filter(image -> !image.equals(config.runtimeEndpoint()))
        .map(image -> runtime + "image-endpoint: " + image + "\n")
        .orElse(runtime);
  }

  private static List<X509Certificate> keep(Path file, String pem) {
    try {
      List<X509Certificate> authorities = Certificates.parse(pem);
      if (authorities.isEmpty()) {
        throw new PkiException("no certificate in it");
      }
      write(file, pem);
      return authorities;
    } catch (PkiException e) {
      throw new JoinException.BadAnswer(
          200,
          "cannot use the authorities that the server sent as %s: %s"
              .formatted(file.getFileName(), e.getMessage()));
    }
  }

  private static void write(Path file, String content) {
    try {
      AtomicFiles.writeIfChanged(file, content, OWNER_ONLY);
    } catch (IOException e) {
      throw JoinException.HostUnfit.cannotWrite(file, e);
    }
  }
}
