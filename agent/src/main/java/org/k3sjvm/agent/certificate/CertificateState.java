package org.k3sjvm.agent.certificate;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What upstream says of a certificate. Source: k3s v1.36.3 pkg/util/cert.go. */
final class CertificateState {
  private static final Logger log = LoggerFactory.getLogger(CertificateState.class);

  /** Source: k3s v1.36.3 pkg/daemons/config, CertificateRenewDays. */
  static final Duration WARN_BEFORE = Duration.ofDays(120);

  /** Of the key usage extension. Source: RFC 5280 section 4.2.1.3. */
  private static final int KEY_CERT_SIGN = 5;

  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

  private CertificateState() {}

  /** In the words of upstream's commands. */
  enum Status {
    OK("OK"),
    WARNING("WARNING"),
    EXPIRED("EXPIRED"),
    NOT_YET_VALID("NOT YET VALID");

    private final String text;

    Status(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  /**
   * How a certificate is.
   *
   * @param warnFrom when its end is near
   */
  static Status of(X509Certificate certificate, Instant now, Instant warnFrom) {
    if (now.isBefore(certificate.getNotBefore().toInstant())) {
      return Status.NOT_YET_VALID;
    }
    if (now.isAfter(end(certificate))) {
      return Status.EXPIRED;
    }
    return now.isBefore(warnFrom) ? Status.OK : Status.WARNING;
  }

  static Instant end(X509Certificate certificate) {
    return certificate.getNotAfter().toInstant();
  }

  static boolean isAuthority(X509Certificate certificate) {
    boolean[] usage = certificate.getKeyUsage();
    return usage != null && usage.length > KEY_CERT_SIGN && usage[KEY_CERT_SIGN];
  }

  /** {@code CertSign}, {@code ServerAuth}, {@code ClientAuth}; {@code Unknown} if none of them. */
  static List<String> usages(X509Certificate certificate) {
    List<String> usages = new ArrayList<>();
    if (isAuthority(certificate)) {
      usages.add("CertSign");
    }
    try {
      List<String> extended = certificate.getExtendedKeyUsage();
      for (String oid : extended == null ? List.<String>of() : extended) {
        if (oid.equals(SERVER_AUTH)) {
          usages.add("ServerAuth");
        } else if (oid.equals(CLIENT_AUTH)) {
          usages.add("ClientAuth");
        }
      }
    } catch (CertificateParsingException e) {
      log.atDebug().setCause(e).log("a certificate's usages cannot be read");
    }
    return usages.isEmpty() ? List.of("Unknown") : List.copyOf(usages);
  }
}
