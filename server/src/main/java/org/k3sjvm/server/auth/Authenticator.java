package org.k3sjvm.server.auth;

import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.access.User;

/**
 * Tells who sent a request: password first, then client certificate, then bearer token; the first
 * that is right counts. Certificates are already verified against the client authority by the HTTP
 * server. Source: k3s v1.36.3 pkg/authenticator.
 */
public final class Authenticator {
  private final Passwords passwords;
  private final BearerTokens bearers;

  public Authenticator(Passwords passwords, BearerTokens bearers) {
    this.passwords = passwords;
    this.bearers = bearers;
  }

  public Authentication authenticate(Request request) {
    Optional<String> header = request.headers().first("Authorization").map(String::strip);
    Optional<User> user =
        header
            .flatMap(value -> credential(value, "basic "))
            .flatMap(this::byPassword)
            .or(() -> request.clientCertificate().flatMap(Authenticator::byCertificate))
            .or(
                () ->
                    header
                        .flatMap(value -> credential(value, "bearer "))
                        .flatMap(token -> bearers.authenticate(new Secret(token))));
    if (user.isPresent()) {
      return new Authentication.Known(user.get());
    }
    return header.isPresent() ? new Authentication.Rejected() : new Authentication.Anonymous();
  }

  private static Optional<String> credential(String header, String scheme) {
    return header.toLowerCase(Locale.ROOT).startsWith(scheme)
        ? Optional.of(header.substring(scheme.length()).strip())
        : Optional.empty();
  }

  private Optional<User> byPassword(String encoded) {
    String pair;
    try {
      pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    int colon = pair.indexOf(':');
    return colon < 0
        ? Optional.empty()
        : passwords.check(pair.substring(0, colon), new Secret(pair.substring(colon + 1)));
  }

  /** Common name and organizations. Source: Kubernetes x509.CommonNameUserConversion. */
  static Optional<User> byCertificate(X509Certificate certificate) {
    X500Name subject = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    List<String> names = values(subject, BCStyle.CN);
    if (names.isEmpty() || names.getLast().isEmpty()) {
      return Optional.empty();
    }
    List<String> groups = values(subject, BCStyle.O);
    groups.add(User.AUTHENTICATED);
    return Optional.of(User.of(names.getLast(), groups));
  }

  private static List<String> values(
      X500Name subject, org.bouncycastle.asn1.ASN1ObjectIdentifier attribute) {
    List<String> values = new ArrayList<>();
    for (RDN rdn : subject.getRDNs(attribute)) {
      for (var typeAndValue : rdn.getTypesAndValues()) {
        if (typeAndValue.getType().equals(attribute)) {
          values.add(IETFUtils.valueToString(typeAndValue.getValue()));
        }
      }
    }
    return values;
  }
}
