package org.k3sjvm.agent.certificate;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.join.NodeCertificate;

/**
 * Says on the Node when certificates end although they should have been renewed, and in metrics how
 * long each lasts. Source: k3s v1.36.3 pkg/certmonitor, for names and the period; upstream warns
 * 120 days before the end, which for certificates that are renewed in time says nothing.
 */
public final class CertificateMonitor implements Service {
  private static final Duration PERIOD = Duration.ofMinutes(30);
  private static final String WARNING = "CertificateExpirationWarning";
  private static final String FINE = "CertificateExpirationOK";

  private final NodeCredentials credentials;
  private final NodeEvents events;
  private final InstantSource clock;
  private final Semaphore wake = new Semaphore(0);
  private boolean first = true;

  /** Where events about the node go; does not block. */
  @FunctionalInterface
  public interface NodeEvents {
    void tell(boolean warning, String reason, String message);
  }

  public CertificateMonitor(NodeCredentials credentials, NodeEvents events, InstantSource clock) {
    this.credentials = credentials;
    this.events = events;
    this.clock = clock;
  }

  /** Certificates are late: says so without waiting for the next look. Does not block. */
  public void late() {
    wake.release();
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      look();
      var _ = wake.tryAcquire(PERIOD.toMillis(), TimeUnit.MILLISECONDS);
      wake.drainPermits();
    }
  }

  void look() {
    List<String> troubles = troubles(credentials.held(), clock.instant());
    if (!troubles.isEmpty()) {
      events.tell(
          true,
          WARNING,
          "Node certificates require attention - the agent renews its own while it runs, and its log"
              + " says what is in the way: "
              + String.join("; ", troubles));
    } else if (first) {
      events.tell(false, FINE, "Node and Certificate Authority certificates managed by k3s are OK");
    }
    first = false;
  }

  static List<String> troubles(NodeCredentials.Held held, Instant now) {
    List<String> troubles = new ArrayList<>();
    for (NodeCertificate which : NodeCertificate.values()) {
      for (X509Certificate certificate : held.tls(which).chain()) {
        Instant end = CertificateState.end(certificate);
        Instant warnFrom =
            CertificateState.isAuthority(certificate)
                ? end.minus(CertificateState.WARN_BEFORE)
                : RenewalSchedule.overdue(held.obtained(), end);
        String what =
            "%s/%s.crt: certificate %s"
                .formatted(service(which), which.fileName(), subject(certificate));
        switch (CertificateState.of(certificate, now, warnFrom)) {
          case OK -> {}
          case WARNING -> troubles.add(what + " will expire at " + end);
          case EXPIRED -> troubles.add(what + " expired at " + end);
          case NOT_YET_VALID ->
              troubles.add(what + " is not valid before " + certificate.getNotBefore().toInstant());
        }
      }
    }
    return troubles;
  }

  /** In the text format of Prometheus. */
  public String metrics() {
    Instant now = clock.instant();
    Map<String, Double> seconds = new TreeMap<>();
    for (NodeCertificate which : NodeCertificate.values()) {
      for (X509Certificate certificate : credentials.held().tls(which).chain()) {
        seconds.put(
            "subject=\"%s\",usages=\"%s\""
                .formatted(
                    subject(certificate).replace("\\", "\\\\").replace("\"", "\\\""),
                    String.join(",", CertificateState.usages(certificate))),
            Duration.between(now, CertificateState.end(certificate)).toMillis() / 1000.0);
      }
    }
    StringBuilder text =
        new StringBuilder(
            """
            # HELP k3s_certificate_expiration_seconds Remaining lifetime in seconds of the certificate, labeled by certificate subject and usages.
            # TYPE k3s_certificate_expiration_seconds gauge
            """);
    seconds.forEach(
        (labels, value) ->
            text.append(
                String.format(
                    Locale.ROOT, "k3s_certificate_expiration_seconds{%s} %.3f%n", labels, value)));
    return text.toString();
  }

  private static String service(NodeCertificate which) {
    return switch (which) {
      case SERVING_KUBELET, CLIENT_KUBELET -> "kubelet";
      case CLIENT_KUBE_PROXY -> "kube-proxy";
      case CLIENT_K3S_CONTROLLER -> "k3s-controller";
    };
  }

  private static String subject(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }
}
