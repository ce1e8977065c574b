package org.k3sjvm.agent.certificate;

import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinException;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.NodeCertificate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the node's certificates while it runs: in time, when their files were taken away ({@code
 * k3s certificate rotate}), and when a server stands on authorities that the node does not know.
 * What fails is tried again and costs nothing meanwhile: the certificates in use stay in use.
 */
public final class CertificateKeeper implements Service {
  private static final Logger log = LoggerFactory.getLogger(CertificateKeeper.class);

  /** How soon a file that is gone is noticed, and a clock that was set. */
  private static final Duration LOOK = Duration.ofSeconds(15);

  /** A server that stays strange after a renewal is not asked again at once. */
  private static final Duration STRANGE_AGAIN = Duration.ofMinutes(10);

  /** How often a server is asked for its authorities. */
  private static final Duration ASK_FOR_AUTHORITIES = Duration.ofMinutes(30);

  private static final int REPEAT_EVERY = 12;

  private final JoinedNode node;
  private final Join join;
  private final NodeCredentials credentials;
  private final InstantSource clock;
  private final RandomGenerator random;
  private final Semaphore wake = new Semaphore(0);
  private volatile boolean strange;
  private volatile Runnable late = () -> {};

  private double chance;
  private int failures;
  private String lastReason = "";
  private Optional<Instant> retryAt = Optional.empty();
  private Optional<Instant> lastStrange = Optional.empty();
  private Instant askedForAuthorities;

  /** Why certificates are asked for. */
  private enum Reason {
    TIME("their time has come"),
    FILES("files are gone"),
    STRANGE_SERVER("a server stands on other authorities"),
    AUTHORITIES("servers have other authorities");

    private final String text;

    Reason(String text) {
      this.text = text;
    }
  }

  public CertificateKeeper(
      JoinedNode node,
      Join join,
      NodeCredentials credentials,
      InstantSource clock,
      RandomGenerator random) {
    this.node = node;
    this.join = join;
    this.credentials = credentials;
    this.clock = clock;
    this.random = random;
    this.chance = random.nextDouble();
    this.askedForAuthorities = clock.instant();
  }

  /** A server showed a certificate that the node does not believe. Any thread; does not block. */
  public void strangeServer() {
    strange = true;
    wake.release();
  }

  /** Somebody to tell when certificates should have been renewed by now; must not block. */
  public void whenLate(Runnable somebody) {
    late = somebody;
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      Duration wait = step(clock.instant());
      var _ = wake.tryAcquire(Math.max(1, wait.toMillis()), TimeUnit.MILLISECONDS);
      wake.drainPermits();
    }
  }

  /** Does what is due and says when to look again. */
  Duration step(Instant now) throws InterruptedException {
    if (retryAt.isPresent() && now.isBefore(retryAt.get())) {
      return shorter(Duration.between(now, retryAt.get()), LOOK);
    }
    Optional<Reason> reason = reason(now);
    if (reason.isPresent()) {
      renew(now, reason.get());
    }
    Instant next = retryAt.orElse(due());
    return shorter(Duration.between(clock.instant(), next), LOOK);
  }

  private Optional<Reason> reason(Instant now) throws InterruptedException {
    boolean seenStrange = strange;
    strange = false;
    if (!now.isBefore(due())) {
      return Optional.of(Reason.TIME);
    }
    if (Arrays.stream(NodeCertificate.values()).anyMatch(this::isGone)) {
      return Optional.of(Reason.FILES);
    }
    boolean again = lastStrange.filter(at -> now.isBefore(at.plus(STRANGE_AGAIN))).isPresent();
    if (seenStrange && !again) {
      return Optional.of(Reason.STRANGE_SERVER);
    }
    return haveAuthoritiesChanged(now) ? Optional.of(Reason.AUTHORITIES) : Optional.empty();
  }

  /** Of new authorities that the old ones vouch for, no handshake tells. */
  private boolean haveAuthoritiesChanged(Instant now) throws InterruptedException {
    if (now.isBefore(askedForAuthorities.plus(ASK_FOR_AUTHORITIES))) {
      return false;
    }
    askedForAuthorities = now;
    try {
      return join.haveAuthoritiesChanged(credentials.held().serverCa());
    } catch (JoinException e) {
      log.atDebug().setCause(e).log("cannot ask for the authorities of servers");
      return false;
    }
  }

  private Instant due() {
    NodeCredentials.Held held = credentials.held();
    return RenewalSchedule.due(held.obtained(), held.end(), chance);
  }

  private boolean isGone(NodeCertificate which) {
    return !Files.exists(node.files().certificate(which));
  }

  private void renew(Instant now, Reason reason) throws InterruptedException {
    try {
      JoinedNode renewed = join.renew(node, credentials.held().tls(NodeCertificate.CLIENT_KUBELET));
      NodeCredentials.Held fresh = NodeCredentials.Held.read(renewed, clock.instant());
      boolean authorities = !fresh.serverCa().equals(credentials.held().serverCa());
      credentials.use(fresh);
      log.atInfo()
          .addKeyValue("node", node.name())
          .addKeyValue("because", reason.text)
          .addKeyValue("newAuthorities", authorities)
          .addKeyValue("validUntil", fresh.end())
          .log("the node's certificates are renewed");
      chance = random.nextDouble();
      failures = 0;
      lastReason = "";
      retryAt = Optional.empty();
      if (reason == Reason.STRANGE_SERVER) {
        lastStrange = Optional.of(now);
      }
    } catch (JoinException | PkiException e) {
      failed(e, reason);
    }
  }

  private void failed(RuntimeException fault, Reason reason) {
    Instant now = clock.instant();
    Instant end = credentials.held().end();
    Duration wait =
        RenewalSchedule.retry(++failures, Duration.between(now, end), random.nextDouble());
    String text = String.valueOf(fault.getMessage());
    boolean tell = !text.equals(lastReason) || failures % REPEAT_EVERY == 0;
    lastReason = text;
    retryAt = Optional.of(now.plus(wait));
    Instant obtained = credentials.held().obtained();
    if (tell && now.isAfter(RenewalSchedule.overdue(obtained, end))) {
      late.run();
    }
    strange |= reason == Reason.STRANGE_SERVER;
    (tell ? log.atWarn() : log.atDebug())
        .addKeyValue("because", reason.text)
        .addKeyValue("error", text)
        .addKeyValue("validUntil", end)
        .addKeyValue("retryIn", wait)
        .log(
            now.isBefore(end)
                ? "cannot renew the node's certificates yet, those in use are still good"
                : "cannot renew the node's certificates, and those in use have ended");
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }
}
