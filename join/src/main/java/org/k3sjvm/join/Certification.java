package org.k3sjvm.join;

import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.nodepassword.NodeIdentity;

/**
 * Gets the node's certificates, anew with each start and each renewal. A key that is on disk stays,
 * unless the server sends its own, as servers of v1.21 do. Source: k3s v1.36.3 pkg/agent/config,
 * getKubeletServingCert and its siblings.
 */
final class Certification {
  private static final String OWNER_ONLY = "rw-------";

  private final Supervisor supervisor;
  private final AgentFiles files;
  private final NodeIdentity identity;
  private final NodeAddresses addresses;

  Certification(
      Supervisor supervisor, AgentFiles files, NodeIdentity identity, NodeAddresses addresses) {
    this.supervisor = supervisor;
    this.files = files;
    this.identity = identity;
    this.addresses = addresses;
  }

  /** One after the other: a server handles only ten at once for all its nodes. */
  void requestAll() throws InterruptedException {
    for (NodeCertificate which : NodeCertificate.values()) {
      request(which);
    }
  }

  private void request(NodeCertificate which) throws InterruptedException {
    KeyPair pair = keyOf(which);
    List<Pem.Block> answer =
        supervisor.certificate(which, Keys.certificateRequest(pair), headers(which));
    String chain = join(answer, false);
    Optional<String> sentKey = Optional.of(join(answer, true)).filter(key -> !key.isEmpty());
    check(which, chain, pair, sentKey);
    sentKey.ifPresent(key -> write(files.key(which), key));
    write(files.certificate(which), chain);
  }

  private Map<String, String> headers(NodeCertificate which) {
    return switch (which) {
      case SERVING_KUBELET -> identity.headers(addresses.all());
      case CLIENT_KUBELET -> identity.headers(addresses.internal());
      case CLIENT_KUBE_PROXY, CLIENT_K3S_CONTROLLER -> Map.of();
    };
  }

  private KeyPair keyOf(NodeCertificate which) {
    Path file = files.key(which);
    Optional<String> pem;
    try {
      pem = AtomicFiles.read(file);
    } catch (IOException e) {
      throw new JoinException.HostUnfit(
          "cannot read " + file + ": " + e.getMessage() + "; check its permissions", e);
    }
    if (pem.isEmpty()) {
      KeyPair fresh = Keys.generate();
      write(file, Keys.pem(fresh));
      return fresh;
    }
    try {
      return Keys.parsePair(pem.get());
    } catch (PkiException e) {
      throw new JoinException.HostUnfit(
          "cannot use the key in %s: %s; remove the file to get a new one"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  /** Nothing is written unless certificate and key belong together. */
  private static void check(
      NodeCertificate which, String chain, KeyPair pair, Optional<String> sentKey) {
    try {
      List<X509Certificate> certificates = Certificates.parse(chain);
      TlsIdentity _ =
          new TlsIdentity(
              certificates,
              sentKey.isPresent() ? Keys.parsePrivate(sentKey.get()) : pair.getPrivate());
    } catch (PkiException e) {
      throw new JoinException.BadAnswer(
          200,
          "cannot use the %s certificate that the server sent: %s"
              .formatted(which.fileName(), e.getMessage()));
    }
  }

  private static String join(List<Pem.Block> blocks, boolean keys) {
    return blocks.stream()
        .filter(block -> block.isPrivateKey() == keys)
        .map(Pem.Block::text)
        .collect(Collectors.joining());
  }

  private static void write(Path file, String content) {
    try {
      AtomicFiles.writeIfChanged(file, content, OWNER_ONLY);
    } catch (IOException e) {
      throw JoinException.HostUnfit.cannotWrite(file, e);
    }
  }
}
