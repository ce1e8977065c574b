package org.k3sjvm.agent.certificate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;

class CertificateReportTest {
  private static final Instant NOW = Instant.parse("2026-03-04T05:06:07Z");

  @TempDir Path dataDir;

  @BeforeEach
  void writeFilesOfAnAgent() throws Exception {
    Files.createDirectories(dataDir.resolve("agent"));
    CertificateAuthority authority =
        CertificateAuthority.selfSigned(
            "k3s-client-ca@1", Keys.generate(), NOW.minusSeconds(60), Duration.ofDays(3650));
    issue(authority, "client-kube-proxy", "system:kube-proxy", Duration.ofDays(365));
    issue(authority, "client-kubelet", "system:node:n1", Duration.ofDays(100));
    issue(authority, "client-k3s-controller", "system:k3s-controller", Duration.ofSeconds(-5));
  }

  private void issue(CertificateAuthority authority, String file, String name, Duration life)
      throws Exception {
    KeyPair pair = Keys.generate();
    String pem =
        Certificates.pem(
            authority.issue(
                CertificateAuthority.Subject.client(name), pair.getPublic(), NOW, life));
    Files.writeString(
        dataDir.resolve("agent/" + file + ".crt"), pem + Certificates.pem(authority.certificate()));
    Files.writeString(dataDir.resolve("agent/" + file + ".key"), Keys.pem(pair));
  }

  @Test
  void theLinesAreThoseOfUpstream() {
    assertThat(report().entries().stream().map(CertificateReport.Entry::line))
        .containsExactly(
            "client-kube-proxy.crt: certificate system:kube-proxy (ClientAuth) is ok, expires at 2027-03-04T05:06:07Z",
            "client-kube-proxy.crt: certificate k3s-client-ca@1 (CertSign) is ok, expires at 2036-03-01T05:05:07Z",
            "client-kubelet.crt: certificate system:node:n1 (ClientAuth) will expire within 120 days at 2026-06-12T05:06:07Z",
            "client-kubelet.crt: certificate k3s-client-ca@1 (CertSign) is ok, expires at 2036-03-01T05:05:07Z",
            "client-k3s-controller.crt: certificate system:k3s-controller (ClientAuth) expired at 2026-03-04T05:06:02Z",
            "client-k3s-controller.crt: certificate k3s-client-ca@1 (CertSign) is ok, expires at 2036-03-01T05:05:07Z");
  }

  @Test
  void theTableHasUpstreamsColumns() {
    assertThat(report().table().lines())
        .contains(
            "FILENAME                    SUBJECT                 USAGES       EXPIRES                  RESIDUAL TIME   STATUS",
            "client-kubelet.crt          system:node:n1          ClientAuth   Jun 12, 2026 05:06 UTC   3 months        WARNING",
            "client-k3s-controller.crt   system:k3s-controller   ClientAuth   Mar 04, 2026 05:06 UTC   5 seconds       EXPIRED");
  }

  @Test
  void jsonHasUpstreamsNames() {
    assertThat(report().json())
        .startsWith(
            "{\"Certificates\":[{\"Filename\":\"client-kube-proxy.crt\",\"Subject\":\"system:kube-proxy\","
                + "\"Issuer\":\"k3s-client-ca@1\",\"Usages\":[\"ClientAuth\"],\"ExpiryTime\":\"2027-03-04T05:06:07Z\","
                + "\"ResidualTime\":31536000000000000,\"Status\":\"OK\"}");
  }

  @Test
  void yamlHasGosNames() {
    assertThat(report().yaml())
        .startsWith("certificates:\n- filename: client-kube-proxy.crt\n")
        .contains("  residualtime: 2400h0m0s\n  status: WARNING\n");
  }

  @ParameterizedTest
  @CsvSource({
    "PT0.5S, now",
    "PT1S, 1 second",
    "PT59S, 59 seconds",
    "PT90S, 1 minute",
    "PT10M, 10 minutes",
    "PT25H, 1 day",
    "P6D, 6 days",
    "P20D, 2 weeks",
    "P45D, 1 month",
    "P359D, 11 months",
    "P365D, 1 year",
    "P600D, 2 years",
    "P3650D, 10 years",
    "P99999D, a long while",
  })
  void lengthsOfTimeAreInUpstreamsWords(Duration length, String words) {
    assertThat(CertificateReport.words(length)).isEqualTo(words);
  }

  @Test
  void rotateKeepsCopiesAndTakesTheFilesAway() throws Exception {
    Path agent = dataDir.resolve("agent");
    String key = Files.readString(agent.resolve("client-kubelet.key"));
    Path backup = new CertificateFiles(dataDir).rotate(List.of("kubelet"), NOW);
    assertThat(backup).isEqualTo(agent.resolve("tls-" + NOW.getEpochSecond()));
    assertThat(backup.resolve("client-kubelet.key")).hasContent(key);
    assertThat(agent.resolve("client-kubelet.crt")).doesNotExist();
    assertThat(agent.resolve("client-kubelet.key")).doesNotExist();
    assertThat(agent.resolve("client-kube-proxy.crt")).exists();
  }

  private CertificateReport report() {
    CertificateFiles files = new CertificateFiles(dataDir);
    return files.report(files.services(), NOW);
  }
}
