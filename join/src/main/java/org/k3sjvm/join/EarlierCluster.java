package org.k3sjvm.join;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.PkiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster that this node joined before, known by the authorities of its servers.
 *
 * @param authorities never empty
 * @param digest as a token pins it
 */
record EarlierCluster(List<X509Certificate> authorities, String digest) {
  private static final Logger log = LoggerFactory.getLogger(EarlierCluster.class);

  EarlierCluster {
    authorities = List.copyOf(authorities);
  }

  /** Empty when the node never joined, or what it kept cannot be used. */
  static Optional<EarlierCluster> of(Path serverCa) {
    try {
      byte[] pem = Files.readAllBytes(serverCa);
      List<X509Certificate> authorities =
          Certificates.parse(new String(pem, StandardCharsets.ISO_8859_1));
      return authorities.isEmpty()
          ? Optional.empty()
          : CaHash.of(pem).map(digest -> new EarlierCluster(authorities, digest));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | PkiException e) {
      log.atDebug().setCause(e).log("the authorities of an earlier join cannot be used");
      return Optional.empty();
    }
  }

  /**
   * Whether a server belongs to it: it pins the same, or the server's certificate stands on its
   * authorities, as it does after they were replaced by ones that they vouch for. That old
   * authorities are in the new bundle proves nothing, since everybody can have them.
   *
   * @param bundle as served
   * @param offered the certificates of the bundle
   * @param shown by the server in the handshake, its own first
   */
  boolean isThatOf(byte[] bundle, List<X509Certificate> offered, List<X509Certificate> shown) {
    if (CaHash.of(bundle).filter(digest::equals).isPresent()) {
      return true;
    }
    try {
      X509CertSelector target = new X509CertSelector();
      target.setCertificate(shown.getFirst());
      PKIXBuilderParameters parameters =
          new PKIXBuilderParameters(
              authorities.stream()
                  .map(authority -> new TrustAnchor(authority, null))
                  .collect(Collectors.toSet()),
              target);
      List<X509Certificate> between = new ArrayList<>(shown);
      between.addAll(offered);
      parameters.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(between)));
      parameters.setRevocationEnabled(false);
      var _ = CertPathBuilder.getInstance("PKIX").build(parameters);
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /**
   * Moves what proves the node there out of the way: certificates, keys, authorities. The node's
   * password stays, since a cluster that was restored still knows it.
   *
   * @return where it is now
   */
  static Path putAside(AgentFiles files, long second) throws IOException {
    Path aside = files.directory().resolve("earlier-cluster-" + second);
    AtomicFiles.makeDirectory(aside, "rwx------");
    List<Path> old = new ArrayList<>(List.of(files.serverCa(), files.clientCa()));
    for (NodeCertificate which : NodeCertificate.values()) {
      old.add(files.certificate(which));
      old.add(files.key(which));
    }
    for (Path file : old) {
      if (Files.exists(file)) {
        Files.move(file, aside.resolve(file.getFileName()));
      }
    }
    return aside;
  }
}
