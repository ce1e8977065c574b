package org.k3sjvm.http.testing;

import java.io.IOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.pki.TlsIdentity;

/** A certificate authority that lives for one test. */
public final class TestAuthority {
  private final String name;
  private final KeyPair keys = Keys.generate();
  private final X509Certificate certificate;

  public TestAuthority(String name) {
    this.name = name;
    this.certificate = issue("CN=" + name, keys, Optional.empty());
  }

  /** The authority's own certificate. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** A server on loopback: 127.0.0.1, ::1 and localhost. */
  public TlsIdentity server() {
    return identity("CN=server", KeyPurposeId.id_kp_serverAuth);
  }

  /**
   * A client.
   *
   * @param subject such as {@code O=system:nodes,CN=system:node:a}
   */
  public TlsIdentity client(String subject) {
    return identity(subject, KeyPurposeId.id_kp_clientAuth);
  }

  /** A context that trusts this authority and shows an identity, if any. */
  public SSLContext context(Optional<TlsIdentity> identity) {
    return TlsContexts.of(List.of(certificate), identity);
  }

  private TlsIdentity identity(String subject, KeyPurposeId purpose) {
    KeyPair pair = Keys.generate();
    return new TlsIdentity(List.of(issue(subject, pair, Optional.of(purpose))), pair.getPrivate());
  }

  private X509Certificate issue(String subject, KeyPair pair, Optional<KeyPurposeId> purpose) {
    Instant now = Instant.now();
    X509v3CertificateBuilder builder =
        new X509v3CertificateBuilder(
            new X500Name("CN=" + name),
            new BigInteger(64, new SecureRandom()),
            Date.from(now.minus(Duration.ofMinutes(1))),
            Date.from(now.plus(Duration.ofHours(1))),
            new X500Name(subject),
            SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
    try {
      builder.addExtension(
          Extension.basicConstraints, true, new BasicConstraints(purpose.isEmpty()));
      if (purpose.isPresent()) {
        builder.addExtension(
            Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose.get()));
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(
                new GeneralName[] {
                  new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
                  new GeneralName(GeneralName.iPAddress, "::1"),
                  new GeneralName(GeneralName.dNSName, "localhost")
                }));
      }
      return Certificates.ofDer(
          builder
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
              .getEncoded());
    } catch (IOException | OperatorCreationException e) {
      throw new IllegalStateException("a test certificate cannot be made", e);
    }
  }
}
