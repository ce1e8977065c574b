package org.k3sjvm.base.pki;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * A certificate chain with the private key of its first certificate.
 *
 * @param chain leaf first; never empty
 * @param key fits the leaf
 */
public record TlsIdentity(List<X509Certificate> chain, PrivateKey key) {
  public TlsIdentity {
    chain = List.copyOf(chain);
    if (chain.isEmpty() || !Keys.match(chain.getFirst().getPublicKey(), key)) {
      throw new PkiException("the certificate and the private key do not belong together");
    }
  }

  /**
   * Reads the PEM files of a pair.
   *
   * @throws PkiException when either is missing, broken, or they do not fit; the message names the
   *     files
   */
  public static TlsIdentity load(Path certificate, Path key) {
    try {
      return new TlsIdentity(
          Certificates.parse(Files.readString(certificate)),
          Keys.parsePrivate(Files.readString(key)));
    } catch (IOException | PkiException e) {
      throw new PkiException(
          "cannot use " + certificate + " with " + key + ": " + e.getMessage(), e);
    }
  }

  @Override
  public String toString() {
    return "TlsIdentity[" + chain.getFirst().getSubjectX500Principal() + "]";
  }
}
