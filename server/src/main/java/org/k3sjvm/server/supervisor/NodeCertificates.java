package org.k3sjvm.server.supervisor;

import java.io.IOException;
import java.net.InetAddress;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.CertificateAuthority.Subject;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.time.GoDurations;
import org.k3sjvm.server.pki.ClusterPki;

/**
 * Issues the certificates of nodes. The request only brings a public key; without a readable one
 * the key is ours and goes with the answer, for old agents. Source: k3s v1.36.3
 * pkg/server/handlers, signAndSend.
 */
final class NodeCertificates {
  private static final Duration VALIDITY = Duration.ofDays(365);

  /**
   * Whole days, as upstream has it, or a duration such as {@code 10m}. Source: dynamiclistener
   * pkg/cert, NewSignedCert.
   */
  private static final String VALIDITY_VARIABLE = "CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS";

  private final ClusterPki pki;
  private final InstantSource clock;
  private final Duration validity;

  NodeCertificates(ClusterPki pki, InstantSource clock) {
    this.pki = pki;
    this.clock = clock;
    this.validity = validity(Optional.ofNullable(System.getenv(VALIDITY_VARIABLE)));
  }

  /** What is said, when it makes sense. */
  static Duration validity(Optional<String> said) {
    try {
      return said.map(
              text ->
                  text.matches("[0-9]{1,5}")
                      ? Duration.ofDays(Long.parseLong(text))
                      : GoDurations.parse(text))
          .filter(Duration::isPositive)
          .orElse(VALIDITY);
    } catch (IllegalArgumentException e) {
      return VALIDITY;
    }
  }

  /**
   * For a kubelet that is called.
   *
   * @throws IllegalArgumentException when an address is none
   */
  String servingKubelet(String node, Optional<String> addressHeader, Optional<byte[]> request) {
    List<InetAddress> addresses = new ArrayList<>();
    addresses.add(IpAddresses.parse("127.0.0.1"));
    addresses.add(IpAddresses.parse("::1"));
    for (String text : addressHeader.orElse("").split(",", -1)) {
      if (!text.isBlank()) {
        addresses.add(IpAddresses.parse(text.strip()));
      }
    }
    return sign(
        "serving-kubelet",
        pki.serverCa(),
        Subject.server(node, List.of(node, "localhost"), addresses.stream().distinct().toList()),
        request);
  }

  String clientKubelet(String node, Optional<byte[]> request) {
    return sign(
        "client-kubelet",
        pki.clientCa(),
        Subject.client("system:node:" + node, "system:nodes"),
        request);
  }

  String clientKubeProxy(Optional<byte[]> request) {
    return sign("client-kube-proxy", pki.clientCa(), Subject.client("system:kube-proxy"), request);
  }

  String clientController(Optional<byte[]> request) {
    return sign(
        "client-k3s-controller", pki.clientCa(), Subject.client("system:k3s-controller"), request);
  }

  private String sign(
      String name, CertificateAuthority authority, Subject subject, Optional<byte[]> request) {
    Optional<PublicKey> asked = request.flatMap(NodeCertificates::publicKey);
    if (asked.isPresent()) {
      return answer(authority, subject, asked.get());
    }
    KeyPair shared = pki.sharedKey(name);
    return answer(authority, subject, shared.getPublic()) + Keys.pem(shared);
  }

  private String answer(CertificateAuthority authority, Subject subject, PublicKey key) {
    return Certificates.pem(authority.issue(subject, key, clock.instant(), validity))
        + Certificates.pem(authority.certificate());
  }

  private static Optional<PublicKey> publicKey(byte[] request) {
    try {
      return Optional.of(
          new JcaPEMKeyConverter()
              .getPublicKey(new PKCS10CertificationRequest(request).getSubjectPublicKeyInfo()));
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
  }
}
