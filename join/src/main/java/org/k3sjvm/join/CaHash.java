package org.k3sjvm.join;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
    List<X509Certificate> roots = rest.stream().filter(CaHash::isRoot).toList();
    List<X509Certificate> between = rest.stream().filter(c -> !isRoot(c)).toList();
    return new Search(roots, between).above(List.of(certificates.getFirst()));
  }

  /**
   * After a rotation a bundle has two chains: to the new root, and by the old root's word for the
   * new one to the old. As in Go, a root that signed something is taken before what stands between
   * others and a root, and who comes first in the bundle before who comes later.
   */
  private static final class Search {
    /** Signatures to look at: a bundle from outside may be made to have chains without number. */
    private static final int PATIENCE = 100;

    private final List<X509Certificate> roots;
    private final List<X509Certificate> between;
    private int checks;

    Search(List<X509Certificate> roots, List<X509Certificate> between) {
      this.roots = roots;
      this.between = between;
    }

    /** The root of a chain, whose last certificate needs an issuer. */
    Optional<X509Certificate> above(List<X509Certificate> chain) {
      for (X509Certificate root : roots) {
        if (isIssuer(root, chain.getLast()) && isValid(chain, root)) {
          return Optional.of(root);
        }
      }
      for (X509Certificate candidate : between) {
        if (!chain.contains(candidate) && isIssuer(candidate, chain.getLast())) {
          List<X509Certificate> longer = new ArrayList<>(chain);
          longer.add(candidate);
          Optional<X509Certificate> root = above(longer);
          if (root.isPresent()) {
            return root;
          }
        }
      }
      return Optional.empty();
    }

    private boolean isIssuer(X509Certificate issuer, X509Certificate of) {
      if (!issuer.getSubjectX500Principal().equals(of.getIssuerX500Principal())
          || ++checks > PATIENCE) {
        return false;
      }
      try {
        of.verify(issuer.getPublicKey());
        return true;
      } catch (GeneralSecurityException e) {
        return false;
      }
    }

    private static boolean isValid(List<X509Certificate> chain, X509Certificate root) {
      try {
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.setRevocationEnabled(false);
        var _ =
            CertPathValidator.getInstance("PKIX")
                .validate(
                    CertificateFactory.getInstance("X.509").generateCertPath(chain), parameters);
        return true;
      } catch (GeneralSecurityException e) {
        return false;
      }
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
