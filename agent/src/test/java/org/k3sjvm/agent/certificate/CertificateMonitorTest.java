package org.k3sjvm.agent.certificate;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.CertificateAuthority.Subject;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.join.NodeCertificate;

class CertificateMonitorTest {
  private static final Instant START = Instant.parse("2026-03-04T05:06:07Z");

  private final List<String> told = new ArrayList<>();
  private Instant now = START;

  @Test
  void saysOnceThatAllIsWell() {
    CertificateMonitor monitor = monitor(Duration.ofMinutes(10));
    monitor.look();
    monitor.look();
    assertThat(told)
        .containsExactly(
            "Normal CertificateExpirationOK Node and Certificate Authority certificates managed by k3s are OK");
  }

  @Test
  void warnsWhenCertificatesShouldHaveBeenRenewedAndNotBefore() {
    CertificateMonitor monitor = monitor(Duration.ofMinutes(10));
    monitor.look();
    now = START.plus(Duration.ofMinutes(6));
    monitor.look();
    assertThat(told).hasSize(1);

    now = START.plus(Duration.ofMinutes(7));
    monitor.look();
    assertThat(told.getLast())
        .startsWith("Warning CertificateExpirationWarning Node certificates require attention")
        .contains(
            "kubelet/client-kubelet.crt: certificate CN=client-kubelet will expire at 2026-03-04T05:16:07Z");
    now = START.plus(Duration.ofMinutes(11));
    monitor.look();
    assertThat(told.getLast()).contains("expired at 2026-03-04T05:16:07Z");
  }

  @Test
  void warnsOfAnAuthorityThatEndsWithinUpstreamsTime() {
    CertificateMonitor monitor = monitor(Duration.ofDays(365));
    now = START.plus(Duration.ofDays(3650 - 119));
    monitor.look();
    assertThat(told.getLast()).contains("certificate CN=ca will expire at");
  }

  @Test
  void metricsHaveUpstreamsNamesAndOneLineForEachSubject() {
    assertThat(monitor(Duration.ofMinutes(10)).metrics().lines())
        .contains(
            "# TYPE k3s_certificate_expiration_seconds gauge",
            "k3s_certificate_expiration_seconds{subject=\"CN=client-kubelet\",usages=\"ClientAuth\"} 600.000")
        .filteredOn(line -> line.contains("CN=ca"))
        .hasSize(1);
  }

  private CertificateMonitor monitor(Duration life) {
    CertificateAuthority authority =
        CertificateAuthority.selfSigned("ca", Keys.generate(), START, Duration.ofDays(3650));
    Map<NodeCertificate, TlsIdentity> identities = new EnumMap<>(NodeCertificate.class);
    for (NodeCertificate which : NodeCertificate.values()) {
      KeyPair pair = Keys.generate();
      identities.put(
          which,
          new TlsIdentity(
              List.of(
                  authority.issue(Subject.client(which.fileName()), pair.getPublic(), START, life),
                  authority.certificate()),
              pair.getPrivate()));
    }
    NodeCredentials credentials =
        NodeCredentials.of(
            new NodeCredentials.Held(
                List.of(authority.certificate()),
                List.of(authority.certificate()),
                identities,
                START));
    return new CertificateMonitor(
        credentials,
        (warning, reason, message) ->
            told.add((warning ? "Warning " : "Normal ") + reason + " " + message),
        () -> now);
  }
}
