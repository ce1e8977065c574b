package org.k3sjvm.join;

import java.nio.file.Path;
import java.util.Optional;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.join.DryRunReport.Outcome;
import org.k3sjvm.join.DryRunReport.Stage;

/**
 * Takes the steps of a {@link Join} without joining: no file is written here, and no node password
 * is sent, which is what makes a server remember a node. What it asks are reads, but for one
 * certificate of the service proxy, of which a server keeps no record and which is forgotten here;
 * with it the API tells its version and whether it knows a node of this name. It goes straight to
 * the server of {@code --server}.
 */
public final class DryRun {
  private final JoinConfig config;
  private final Join.Host host;
  private final Path machineId;
  private final Faults faults;
  private final AgentFiles files;
  private final DryRunSteps steps = new DryRunSteps();
  private final DryRunTrust trust;

  /**
   * @param config its endpoint is the server itself
   * @param machineId the file, usually {@code /etc/machine-id}
   */
  public DryRun(JoinConfig config, Join.Host host, Path machineId) {
    this.config = config;
    this.host = host;
    this.machineId = machineId;
    this.faults = new Faults(config.server(), config.endpoint(), Optional::empty, host.clock());
    this.trust = new DryRunTrust(config, host.clock(), faults, steps);
    this.files = new AgentFiles(config.agentDirectory());
  }

  /** Takes the steps; a stage that fails ends it, as it would end a try to join. */
  public DryRunReport run() throws InterruptedException {
    Optional<JoinToken> token = readToken();
    if (new DryRunReach(config.server(), steps).reachable()) {
      ask(token);
    }
    return steps.report();
  }

  private Optional<JoinToken> readToken() {
    try {
      return config.token().map(JoinToken::parse);
    } catch (JoinException.InvalidToken e) {
      steps.fail(
          Stage.TOKEN,
          Finding.error(
              "token-invalid",
              "the token is none",
              reason(e),
              "copy it again: cat <data-dir>/server/node-token on a server"));
      return Optional.empty();
    }
  }

  private void ask(Optional<JoinToken> token) throws InterruptedException {
    trust.lookAtClock();
    Optional<ClusterTrust> cluster = trust.trust(token);
    if (cluster.isEmpty() || steps.failed(Stage.TOKEN)) {
      return;
    }
    Optional<TlsIdentity> identity = identity();
    if (token.isEmpty() && identity.isEmpty()) {
      steps.fail(
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
        new HttpSupervisor(config, cluster.get(), token, identity, faults)) {
      Optional<ServerSettings> settings = settings(supervisor);
      if (settings.isPresent()) {
        lookAtAddresses(settings.get());
        DryRunCluster last = new DryRunCluster(config, host.network(), machineId, identity, steps);
        last.lookAtCluster(supervisor, cluster.get(), settings.get());
        last.lookAtServers(supervisor);
      }
    }
  }

  private Optional<ServerSettings> settings(HttpSupervisor supervisor) throws InterruptedException {
    try {
      ServerSettings settings = supervisor.settings();
      steps.step(Stage.TOKEN, Outcome.PASSED, "the server takes it");
      Join.checkNotDownLevel(settings);
      boolean ready = supervisor.ready();
      steps.step(
          Stage.SERVER,
          Outcome.PASSED,
          "pods %s, services %s, flannel %s%s"
              .formatted(
                  settings.clusterCidrs(),
                  settings.serviceCidrs(),
                  settings.flannelBackend(),
                  ready ? "" : "; it is not ready yet"));
      if (!ready) {
        steps.find(
            Finding.warning(
                "server-not-ready",
                "the server says that it is not ready",
                config.server() + "/v1-k3s/readyz answers 5xx",
                "wait, then on the server: journalctl -u k3s -e"));
      }
      return Optional.of(settings);
    } catch (JoinException.Unauthorized e) {
      steps.fail(Stage.TOKEN, refused(e));
    } catch (JoinException.Untrusted e) {
      steps.fail(
          Stage.AUTHORITIES,
          Faults.isValidity(e)
              ? trust.authorities(e, true)
              : Finding.error(
                  "server-certificate-name",
                  "the server's certificate does not name " + config.server().getHost(),
                  reason(e),
                  "use a name or address of the certificate in --server, or start the server with"
                      + " --tls-san "
                      + config.server().getHost()));
    } catch (JoinException e) {
      boolean busy = e instanceof JoinException.BadAnswer answer && answer.status() >= 500;
      steps.fail(
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
      steps.step(Stage.ADDRESSES, Outcome.PASSED, addresses.toString());
    } catch (JoinException e) {
      steps.fail(
          Stage.ADDRESSES,
          Finding.error(
              "node-address",
              "this host has no address that fits the cluster",
              reason(e),
              "ip address; then name one with --node-ip"));
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

  private static String reason(JoinException fault) {
    return String.valueOf(fault.getMessage());
  }
}
