package org.k3sjvm.server.pki;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsIdentity;

/**
 * Keys and certificates that are made once, kept on disk, and made again when they no longer do.
 */
final class CertificateFiles {
  static final Duration LEAF_VALIDITY = Duration.ofDays(365);

  /** Source: dynamiclistener pkg/cert, CertificateRenewDays and k3s v1.36.3. */
  static final Duration RENEW_BEFORE = Duration.ofDays(120);

  private static final Duration AUTHORITY_VALIDITY = Duration.ofDays(3650);
  private static final String OWNER_ONLY = "rw-------";
  private static final String READABLE = "rw-r--r--";
  private static final int RSA_BITS = 2048;

  private final ServerFiles files;
  private final InstantSource clock;

  CertificateFiles(ServerFiles files, InstantSource clock) {
    this.files = files;
    this.clock = clock;
  }

  /** An authority; never made anew when there is one, since every node trusts it. */
  CertificateAuthority authority(String name) {
    KeyPair pair = keyPair(name);
    Path file = files.certificate(name);
    List<X509Certificate> present = certificates(file);
    if (!present.isEmpty()) {
      return new CertificateAuthority(present.getFirst(), pair.getPrivate());
    }
    Instant now = clock.instant();
    CertificateAuthority made =
        CertificateAuthority.selfSigned(
            "k3s-" + name + "@" + now.getEpochSecond(), pair, now, AUTHORITY_VALIDITY);
    write(file, Certificates.pem(made.certificate()), READABLE);
    return made;
  }

  /** A certificate of ours with its key, renewed when it ends soon or speaks of somebody else. */
  TlsIdentity leaf(
      String name, CertificateAuthority authority, CertificateAuthority.Subject subject) {
    KeyPair pair = keyPair(name);
    Path file = files.certificate(name);
    Optional<TlsIdentity> present = fitting(certificates(file), pair, authority, subject);
    if (present.isPresent()) {
      return present.get();
    }
    X509Certificate leaf =
        authority.issue(subject, pair.getPublic(), clock.instant(), LEAF_VALIDITY);
    write(file, Certificates.pem(leaf) + Certificates.pem(authority.certificate()), READABLE);
    return new TlsIdentity(List.of(leaf, authority.certificate()), pair.getPrivate());
  }

  private Optional<TlsIdentity> fitting(
      List<X509Certificate> chain,
      KeyPair pair,
      CertificateAuthority authority,
      CertificateAuthority.Subject subject) {
    if (chain.isEmpty()) {
      return Optional.empty();
    }
    X509Certificate leaf = chain.getFirst();
    try {
      leaf.verify(authority.certificate().getPublicKey());
      boolean lasts = leaf.getNotAfter().toInstant().isAfter(clock.instant().plus(RENEW_BEFORE));
      return lasts && covers(leaf, subject)
          ? Optional.of(new TlsIdentity(chain, pair.getPrivate()))
          : Optional.empty();
    } catch (GeneralSecurityException | PkiException e) {
      return Optional.empty();
    }
  }

  private static boolean covers(X509Certificate leaf, CertificateAuthority.Subject subject)
      throws CertificateParsingException {
    Set<Object> names = new HashSet<>();
    Collection<List<?>> alternatives = leaf.getSubjectAlternativeNames();
    if (alternatives != null) {
      for (List<?> alternative : alternatives) {
        String text = String.valueOf(alternative.get(1));
        names.add(IpAddresses.isLiteral(text) ? IpAddresses.parse(text) : text);
      }
    }
    Set<Object> wanted = new HashSet<>(subject.dnsNames());
    for (InetAddress address : subject.addresses()) {
      wanted.add(address);
    }
    return names.containsAll(wanted);
  }

  /** An ECDSA key. */
  KeyPair keyPair(String name) {
    Path file = files.key(name);
    return read(file)
        .map(pem -> parse(file, pem))
        .orElseGet(
            () -> {
              KeyPair made = Keys.generate();
              write(file, Keys.pem(made), OWNER_ONLY);
              return made;
            });
  }

  /** The RSA key that signs service account tokens. */
  KeyPair serviceKey() {
    Path file = files.serviceKey();
    KeyPair pair =
        read(file)
            .map(pem -> parse(file, pem))
            .orElseGet(
                () -> {
                  KeyPair made = rsa();
                  write(file, pem(made), OWNER_ONLY);
                  return made;
                });
    write(files.key("service.current"), pem(pair), OWNER_ONLY);
    return pair;
  }

  Optional<String> read(Path file) {
    try {
      return AtomicFiles.read(file).filter(text -> !text.isBlank());
    } catch (IOException e) {
      throw new PkiException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  void write(Path file, String content, String mode) {
    try {
      AtomicFiles.writeIfChanged(file, content, mode);
    } catch (IOException e) {
      throw new PkiException(
          "cannot write " + file + ": " + e.getMessage() + "; check permissions and free space", e);
    }
  }

  private List<X509Certificate> certificates(Path file) {
    return read(file).map(Certificates::parse).orElse(List.of());
  }

  private static KeyPair parse(Path file, String pem) {
    try {
      return Keys.parsePair(pem);
    } catch (PkiException e) {
      throw new PkiException(
          "cannot use " + file + ": " + e.getMessage() + "; restore it from a backup", e);
    }
  }

  private static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(RSA_BITS);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has RSA", e);
    }
  }

  /** PKCS #1, the form that upstream reads and that carries the public half. */
  private static String pem(KeyPair pair) {
    if (pair.getPrivate().getAlgorithm().equals("EC")) {
      return Keys.pem(pair);
    }
    try {
      return new Pem.Block(
              "RSA PRIVATE KEY",
              PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded())
                  .parsePrivateKey()
                  .toASN1Primitive()
                  .getEncoded())
          .text();
    } catch (IOException e) {
      throw new PkiException("cannot encode a key in memory", e);
    }
  }
}
