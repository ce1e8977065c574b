package org.k3sjvm.agent.certificate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.k3sjvm.agent.certificate.CertificateState.Status;
import org.k3sjvm.base.time.GoDurations;

/**
 * What {@code k3s certificate check} shows, in upstream's four formats. Source: k3s v1.36.3
 * pkg/cli/cert/cert.go.
 *
 * @param entries in the order of their files
 * @param now against which they were looked at
 */
public record CertificateReport(List<Entry> entries, Instant now) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DateTimeFormatter TABLE_TIME =
      DateTimeFormatter.ofPattern("MMM dd, yyyy HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final List<String> HEAD =
      List.of("FILENAME", "SUBJECT", "USAGES", "EXPIRES", "RESIDUAL TIME", "STATUS");

  /** Upstream's words for a length of time, with the length from which each is too short. */
  private static final List<Magnitude> MAGNITUDES =
      List.of(
          new Magnitude(Duration.ofSeconds(1), "now", ChronoUnit.SECONDS.getDuration()),
          new Magnitude(Duration.ofSeconds(2), "1 second", Duration.ofSeconds(1)),
          new Magnitude(Duration.ofMinutes(1), "%d seconds", Duration.ofSeconds(1)),
          new Magnitude(Duration.ofMinutes(2), "1 minute", Duration.ofMinutes(1)),
          new Magnitude(Duration.ofHours(1), "%d minutes", Duration.ofMinutes(1)),
          new Magnitude(Duration.ofHours(2), "1 hour", Duration.ofHours(1)),
          new Magnitude(Duration.ofDays(1), "%d hours", Duration.ofHours(1)),
          new Magnitude(Duration.ofDays(2), "1 day", Duration.ofDays(1)),
          new Magnitude(Duration.ofDays(7), "%d days", Duration.ofDays(1)),
          new Magnitude(Duration.ofDays(14), "1 week", Duration.ofDays(7)),
          new Magnitude(Duration.ofDays(30), "%d weeks", Duration.ofDays(7)),
          new Magnitude(Duration.ofDays(60), "1 month", Duration.ofDays(30)),
          new Magnitude(Duration.ofDays(360), "%d months", Duration.ofDays(30)),
          new Magnitude(Duration.ofDays(540), "1 year", Duration.ofDays(360)),
          new Magnitude(Duration.ofDays(720), "2 years", Duration.ofDays(360)),
          new Magnitude(Duration.ofDays(37L * 360), "%d years", Duration.ofDays(360)));

  public CertificateReport {
    entries = List.copyOf(entries);
  }

  private record Magnitude(Duration below, String words, Duration unit) {}

  /**
   * One certificate.
   *
   * @param fileName without its directory
   * @param subject the common name
   * @param issuer the common name
   * @param expiry its end; its begin while it is not valid yet
   * @param residual until its end
   */
  public record Entry(
      String fileName,
      String subject,
      String issuer,
      List<String> usages,
      Instant expiry,
      Duration residual,
      CertificateState.Status status) {
    public Entry {
      usages = List.copyOf(usages);
    }

    static Entry of(String fileName, X509Certificate certificate, Instant now) {
      Instant end = CertificateState.end(certificate);
      Status status =
          CertificateState.of(certificate, now, end.minus(CertificateState.WARN_BEFORE));
      return new Entry(
          fileName,
          commonName(certificate.getSubjectX500Principal()),
          commonName(certificate.getIssuerX500Principal()),
          CertificateState.usages(certificate),
          status == Status.NOT_YET_VALID ? certificate.getNotBefore().toInstant() : end,
          Duration.between(now, end),
          status);
    }

    /** One line, as upstream logs it. */
    public String line() {
      String what =
          "%s: certificate %s (%s)".formatted(fileName, subject, String.join(",", usages));
      return what
          + switch (status) {
            case OK -> " is ok, expires at " + expiry;
            case WARNING ->
                " will expire within %d days at %s"
                    .formatted(CertificateState.WARN_BEFORE.toDays(), expiry);
            case EXPIRED -> " expired at " + expiry;
            case NOT_YET_VALID -> " is not valid before " + expiry;
          };
    }

    public boolean isWarning() {
      return status == Status.WARNING;
    }

    public boolean isError() {
      return status == Status.EXPIRED || status == Status.NOT_YET_VALID;
    }

    private static String commonName(X500Principal name) {
      RDN[] names = X500Name.getInstance(name.getEncoded()).getRDNs(BCStyle.CN);
      return names.length == 0
          ? ""
          : IETFUtils.valueToString(names[names.length - 1].getFirst().getValue());
    }
  }

  /** For people. */
  public String table() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(HEAD);
    rows.add(HEAD.stream().map(name -> "-".repeat(name.length())).toList());
    for (Entry entry : entries) {
      rows.add(
          List.of(
              entry.fileName(),
              entry.subject(),
              String.join(",", entry.usages()),
              TABLE_TIME.format(entry.expiry()),
              words(entry.residual()),
              entry.status().text()));
    }
    StringBuilder text = new StringBuilder("\n");
    for (List<String> row : rows) {
      for (int i = 0; i < row.size() - 1; i++) {
        int column = i;
        int width = rows.stream().mapToInt(each -> each.get(column).length()).max().orElse(0);
        text.append(row.get(i)).append(" ".repeat(width + 3 - row.get(i).length()));
      }
      text.append(row.getLast()).append('\n');
    }
    return text.toString();
  }

  /** One line. */
  public String json() {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode list = entries.isEmpty() ? null : root.putArray("Certificates");
    if (list == null) {
      root.putNull("Certificates");
    }
    for (Entry entry : entries) {
      ObjectNode each = JSON.createObjectNode();
      each.put("Filename", entry.fileName())
          .put("Subject", entry.subject())
          .put("Issuer", entry.issuer());
      ArrayNode usages = each.putArray("Usages");
      entry.usages().forEach(usages::add);
      each.put("ExpiryTime", entry.expiry().toString())
          .put("ResidualTime", entry.residual().toNanos())
          .put("Status", entry.status().text());
      root.withArray("Certificates").add(each);
    }
    try {
      return JSON.writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree always has a text", e);
    }
  }

  /** With the names that Go's YAML makes of the fields. */
  public String yaml() {
    if (entries.isEmpty()) {
      return "certificates: []\n";
    }
    StringBuilder text = new StringBuilder("certificates:\n");
    for (Entry entry : entries) {
      text.append("- filename: ").append(entry.fileName()).append('\n');
      text.append("  subject: ").append(entry.subject()).append('\n');
      text.append("  issuer: ").append(entry.issuer()).append('\n');
      text.append("  usages:\n");
      entry.usages().forEach(usage -> text.append("  - ").append(usage).append('\n'));
      text.append("  expirytime: ").append(entry.expiry()).append('\n');
      text.append("  residualtime: ").append(GoDurations.text(entry.residual())).append('\n');
      text.append("  status: ").append(entry.status().text()).append('\n');
    }
    return text.toString();
  }

  static String words(Duration length) {
    Duration time = length.abs();
    for (Magnitude magnitude : MAGNITUDES) {
      if (time.compareTo(magnitude.below()) < 0) {
        return magnitude.words().formatted(time.dividedBy(magnitude.unit()));
      }
    }
    return "a long while";
  }
}
