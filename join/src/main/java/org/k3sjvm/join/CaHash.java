package org.k3sjvm.join;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.PkiException;

/**
 * The digest by which a token pins a CA bundle: of the root at the end of the first certificate's
 * chain, or of the PEM text as it is when there is only one certificate or no such chain. Source:
 * k3s v1.36.3 pkg/clientaccess/token.go, hashCA.
 */
final class CaHash {
  private CaHash() {}

  /**
   * The digest of a bundle.
   *
   * @return 64 lower-case hex characters; empty when the text has no certificate
   * @throws PkiException when a certificate is broken
   */
  static Optional<String> of(byte[] pem) {
    List<X509Certificate> certificates =
        Certificates.parse(new String(pem, StandardCharsets.ISO_8859_1));
    if (certificates.isEmpty()) {
      return Optional.empty();
    }
    try {
      Optional<X509Certificate> root =
          certificates.size() > 1 ? rootOf(certificates) : Optional.empty();
      return Optional.of(Certificates.sha256(root.isPresent() ? root.get().getEncoded() : pem));
    } catch (CertificateEncodingException e) {
      return Optional.of(Certificates.sha256(pem));
    }
  }

  private static Optional<X509Certificate> rootOf(List<X509Certificate> certificates) {
    List<X509Certificate> rest = certificates.subList(1, certificates.size());
    Set<TrustAnchor> roots =
        rest.stream()
            .filter(CaHash::isRoot)
            .map(root -> new TrustAnchor(root, null))
            .collect(Collectors.toCollection(HashSet::new));
    if (roots.isEmpty()) {
      return Optional.empty();
    }
    Collection<X509Certificate> candidates =
        certificates.stream().filter(c -> !isRoot(c) || c.equals(certificates.getFirst())).toList();
    try {
      X509CertSelector target = new X509CertSelector();
      target.setCertificate(certificates.getFirst());
      PKIXBuilderParameters parameters = new PKIXBuilderParameters(roots, target);
      parameters.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(candidates)));
      parameters.setRevocationEnabled(false);
      var result =
          (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
      return Optional.of(result.getTrustAnchor().getTrustedCert());
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  /** Without an authority's key id, or with its own. */
  private static boolean isRoot(X509Certificate certificate) {
    try {
      X509CertificateHolder holder = new JcaX509CertificateHolder(certificate);
      AuthorityKeyIdentifier authority =
          AuthorityKeyIdentifier.fromExtensions(holder.getExtensions());
      if (authority == null || authority.getKeyIdentifierOctets() == null) {
        return true;
      }
      Extension own = holder.getExtension(Extension.subjectKeyIdentifier);
      return own != null
          && Arrays.equals(
              authority.getKeyIdentifierOctets(),
              SubjectKeyIdentifier.getInstance(own.getParsedValue()).getKeyIdentifier());
    } catch (CertificateEncodingException e) {
      return false;
    } catch (IllegalArgumentException e) { // the JDK reads less of a certificate than this does
      throw new PkiException(
          "the certificate of '%s' has an extension that cannot be read: %s"
              .formatted(certificate.getSubjectX500Principal(), e.getMessage()),
          e);
    }
  }
}
