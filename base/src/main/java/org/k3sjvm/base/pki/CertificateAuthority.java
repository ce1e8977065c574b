package org.k3sjvm.base.pki;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Signs certificates. Their shape (usages, key identifiers, validity from that of the authority) is
 * what upstream issues. Source: k3s v1.36.3 pkg/server/handlers/cert.go and dynamiclistener
 * pkg/cert.
 *
 * @param certificate the authority's own
 * @param key fits it
 */
public record CertificateAuthority(X509Certificate certificate, PrivateKey key) {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int SERIAL_BITS = 63;

  public CertificateAuthority {
    if (!Keys.match(certificate.getPublicKey(), key)) {
      throw new PkiException(
          "the key does not belong to the authority " + certificate.getSubjectX500Principal());
    }
  }

  /**
   * Whom a certificate speaks of.
   *
   * @param commonName the user, or the server's name
   * @param organizations the user's groups
   * @param usage of the key
   * @param dnsNames alternative names, unique
   * @param addresses alternative names, unique
   */
  public record Subject(
      String commonName,
      List<String> organizations,
      Usage usage,
      List<String> dnsNames,
      List<InetAddress> addresses) {
    public Subject {
      organizations = List.copyOf(organizations);
      dnsNames = List.copyOf(dnsNames);
      addresses = List.copyOf(addresses);
    }

    /** One who calls. */
    public static Subject client(String commonName, String... organizations) {
      return new Subject(commonName, List.of(organizations), Usage.CLIENT, List.of(), List.of());
    }

    /** One who is called. */
    public static Subject server(
        String commonName, List<String> dnsNames, List<InetAddress> addresses) {
      return new Subject(commonName, List.of(), Usage.SERVER, dnsNames, addresses);
    }
  }

  /** What a certificate's key may do in TLS. */
  public enum Usage {
    SERVER,
    CLIENT,
    BOTH;

    private ExtendedKeyUsage extension() {
      return switch (this) {
        case SERVER -> new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth);
        case CLIENT -> new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth);
        case BOTH ->
            new ExtendedKeyUsage(
                new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth});
      };
    }
  }

  /** An authority that this one vouches for. */
  public CertificateAuthority vouchFor(
      String commonName, KeyPair pair, Instant now, Duration validity) {
    X500Name own = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    return authority(own, key, certificate, commonName, pair, now, validity);
  }

  /** An authority that vouches for itself. */
  public static CertificateAuthority selfSigned(
      String commonName, KeyPair pair, Instant now, Duration validity) {
    X500Name name = new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, commonName).build();
    return authority(name, pair.getPrivate(), null, commonName, pair, now, validity);
  }

  private static CertificateAuthority authority(
      X500Name issuer,
      PrivateKey issuerKey,
      @Nullable X509Certificate issuerCertificate,
      String commonName,
      KeyPair pair,
      Instant now,
      Duration validity) {
    X500Name name = new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, commonName).build();
    try {
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              serial(),
              Date.from(now),
              Date.from(now.plus(validity)),
              name,
              pair.getPublic());
      builder.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(
              KeyUsage.digitalSignature | KeyUsage.keyEncipherment | KeyUsage.keyCertSign));
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          identifiers.createSubjectKeyIdentifier(pair.getPublic()));
      if (issuerCertificate != null) {
        builder.addExtension(
            Extension.authorityKeyIdentifier,
            false,
            identifiers.createAuthorityKeyIdentifier(issuerCertificate));
      }
      return new CertificateAuthority(sign(builder, issuerKey), pair.getPrivate());
    } catch (IOException | GeneralSecurityException e) {
      throw new PkiException("cannot make the authority " + commonName, e);
    }
  }

  /** A certificate for somebody's key, valid as long as asked but not beyond the authority. */
  public X509Certificate issue(
      Subject subject, PublicKey publicKey, Instant now, Duration validity) {
    Instant wanted = now.plus(validity);
    Instant last = certificate.getNotAfter().toInstant();
    try {
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()),
              serial(),
              certificate.getNotBefore(),
              Date.from(wanted.isAfter(last) ? last : wanted),
              name(subject),
              publicKey);
      builder.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment));
      builder.addExtension(Extension.extendedKeyUsage, false, subject.usage().extension());
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate));
      List<GeneralName> names = alternativeNames(subject);
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(names.toArray(GeneralName[]::new)));
      }
      return sign(builder, key);
    } catch (IOException | GeneralSecurityException e) {
      throw new PkiException("cannot issue a certificate for " + subject.commonName(), e);
    }
  }

  @Override
  public String toString() {
    return "CertificateAuthority[" + certificate.getSubjectX500Principal() + "]";
  }

  private static X500Name name(Subject subject) {
    X500NameBuilder name = new X500NameBuilder(BCStyle.INSTANCE);
    subject.organizations().forEach(organization -> name.addRDN(BCStyle.O, organization));
    return name.addRDN(BCStyle.CN, subject.commonName()).build();
  }

  private static List<GeneralName> alternativeNames(Subject subject) {
    List<GeneralName> names = new ArrayList<>();
    subject.dnsNames().forEach(dns -> names.add(new GeneralName(GeneralName.dNSName, dns)));
    subject
        .addresses()
        .forEach(
            address -> names.add(new GeneralName(GeneralName.iPAddress, address.getHostAddress())));
    return names;
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws IOException {
    String algorithm = key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    try {
      return Certificates.ofDer(
          builder.build(new JcaContentSignerBuilder(algorithm).build(key)).getEncoded());
    } catch (OperatorCreationException e) {
      throw new PkiException("cannot sign with a key of type " + key.getAlgorithm(), e);
    }
  }

  private static BigInteger serial() {
    return new BigInteger(SERIAL_BITS, RANDOM).add(BigInteger.ONE);
  }
}
