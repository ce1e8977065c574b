package org.k3sjvm.join;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.join.DryRunReport.Outcome;
import org.k3sjvm.join.DryRunReport.Stage;

/**
 * The stages of a {@link DryRun} that tell whether the server is the cluster's: clock, authorities.
 */
final class DryRunTrust {
  /** Clocks that differ less are no finding. */
  private static final Duration SKEW = Duration.ofMinutes(5);

  private final JoinConfig config;
  private final InstantSource clock;
  private final Faults faults;
  private final DryRunSteps steps;
  private boolean clockIsWrong;

  DryRunTrust(JoinConfig config, InstantSource clock, Faults faults, DryRunSteps steps) {
    this.config = config;
    this.clock = clock;
    this.faults = faults;
    this.steps = steps;
  }

  /** Whoever answers HTTP says what time it is. */
  void lookAtClock() throws InterruptedException {
    Instant here = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    Optional<Instant> there = Optional.empty();
    CaTrust.TrustAnyone anyone = new CaTrust.TrustAnyone();
    try (SupervisorHttp http = new SupervisorHttp(config.endpoint(), anyone.context())) {
      there = http.get("/ping", Map.of()).date().flatMap(DryRunTrust::date);
    } catch (IOException e) {
      steps.step(Stage.CLOCK, Outcome.UNKNOWN, "the server does not tell: " + e.getMessage());
      return;
    }
    if (there.isEmpty()) {
      steps.step(Stage.CLOCK, Outcome.UNKNOWN, "the server does not tell");
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
      steps.find(
          much
              ? Finding.error("clock", message, cause, repair)
              : Finding.warning("clock", message, cause, repair));
      steps.step(Stage.CLOCK, much ? Outcome.FAILED : Outcome.PASSED, message);
    } else {
      steps.step(
          Stage.CLOCK, Outcome.PASSED, "within " + SKEW.toMinutes() + " minutes of the server's");
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

  /** Empty when the server is not to be trusted. */
  Optional<ClusterTrust> trust(Optional<JoinToken> token) throws InterruptedException {
    Optional<String> pin = token.flatMap(JoinToken::caHash);
    try {
      ClusterTrust trust =
          new CaTrust(config.endpoint(), config.server(), faults)
              .discover(
                  pin,
                  EarlierCluster.of(new AgentFiles(config.agentDirectory()).serverCa()),
                  config.allowNewCluster())
              .trust();
      steps.step(
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
        steps.find(
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
      steps.fail(Stage.AUTHORITIES, authorities(e, pin.isPresent()));
      return Optional.empty();
    }
  }

  /** Why a server is not trusted. */
  Finding authorities(JoinException fault, boolean pinned) {
    String text = String.valueOf(fault.getMessage());
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
}
