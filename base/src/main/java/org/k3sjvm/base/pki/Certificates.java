package org.k3sjvm.base.pki;

import java.io.ByteArrayInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** X.509 certificates from PEM text. */
public final class Certificates {
  private Certificates() {}

  /**
   * Every certificate of a bundle, in order; may be empty.
   *
   * @throws PkiException when a block says CERTIFICATE and is none
   */
  public static List<X509Certificate> parse(String pem) {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Pem.Block block : Pem.parse(pem)) {
      if (block.type().equals("CERTIFICATE")) {
        certificates.add(ofDer(block.der()));
      }
    }
    return List.copyOf(certificates);
  }

  public static X509Certificate ofDer(byte[] der) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(der));
    } catch (CertificateException e) {
      throw new PkiException("not an X.509 certificate: " + e.getMessage(), e);
    }
  }

  /** A certificate as PEM text, ending in a newline. */
  public static String pem(X509Certificate certificate) {
    try {
      return new Pem.Block("CERTIFICATE", certificate.getEncoded()).text();
    } catch (CertificateException e) {
      throw new PkiException(
          "cannot encode the certificate of " + certificate.getSubjectX500Principal(), e);
    }
  }

  /** SHA-256 in lower-case hex. */
  public static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
