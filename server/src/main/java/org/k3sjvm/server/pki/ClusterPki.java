package org.k3sjvm.server.pki;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.CertificateAuthority.Subject;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.PkiException;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.base.secret.Secret;

/**
 * Authorities, certificates, keys and tokens of the cluster. {@link #open} makes what is missing
 * and renews what ends; opening again gives the same cluster. Immutable afterwards.
 */
public final class ClusterPki {
  private static final String OWNER_ONLY = "rw-------";
  private static final int IPSEC_BYTES = 48;

  private final ServerFiles files;
  private final CertificateFiles store;
  private final InstantSource clock;
  private final CertificateAuthority clientCa;
  private final CertificateAuthority serverCa;
  private final CertificateAuthority requestHeaderCa;
  private final TlsIdentity serving;
  private final TlsIdentity admin;
  private final TlsIdentity kubeletClient;
  private final KeyPair serviceKey;
  private final Tokens tokens;
  private final Secret ipsecKey;

  private ClusterPki(PkiConfig config, InstantSource clock, RandomGenerator random) {
    this.files = new ServerFiles(config.directory());
    this.clock = clock;
    makeDirectories();
    this.store = new CertificateFiles(files, clock);
    this.clientCa = store.authority("client-ca");
    this.serverCa = store.authority("server-ca");
    this.requestHeaderCa = store.authority("request-header-ca");
    this.serving =
        store.leaf(
            "serving-kube-apiserver",
            serverCa,
            Subject.server("kube-apiserver", config.dnsNames(), config.addresses()));
    this.admin =
        store.leaf("client-admin", clientCa, Subject.client("system:admin", "system:masters"));
    this.kubeletClient =
        store.leaf(
            "client-kube-apiserver",
            clientCa,
            Subject.client("system:apiserver", "system:masters"));
    var _ = store.leaf("client-auth-proxy", requestHeaderCa, Subject.client("system:auth-proxy"));
    this.serviceKey = store.serviceKey();
    this.tokens = Tokens.settle(config, store.read(files.passwords()).orElse(""), random);
    store.write(files.passwords(), tokens.passwordFile(), OWNER_ONLY);
    this.ipsecKey = ipsecKey(random);
    writeTokens(config);
    writeKubeconfig(config);
  }

  /**
   * Reads or makes everything.
   *
   * @param random a cryptographically strong source
   * @throws PkiException when a file cannot be read, used or written; the message names it
   */
  public static ClusterPki open(PkiConfig config, InstantSource clock, RandomGenerator random) {
    return new ClusterPki(config, clock, random);
  }

  /** Whoever this authority vouches for may call, as its certificate says. */
  public CertificateAuthority clientCa() {
    return clientCa;
  }

  /** Vouches for API servers and kubelets. */
  public CertificateAuthority serverCa() {
    return serverCa;
  }

  public CertificateAuthority requestHeaderCa() {
    return requestHeaderCa;
  }

  /** The authorities of servers as PEM, as they lie on disk: tokens pin these bytes. */
  public String serverCaPem() {
    return store.read(files.certificate("server-ca")).orElseThrow();
  }

  public String clientCaPem() {
    return store.read(files.certificate("client-ca")).orElseThrow();
  }

  /** What the server's port shows. */
  public TlsIdentity serving() {
    return serving;
  }

  /** The administrator, a member of {@code system:masters}. */
  public TlsIdentity admin() {
    return admin;
  }

  /** What the API server shows to kubelets. */
  public TlsIdentity kubeletClient() {
    return kubeletClient;
  }

  /** Signs service account tokens; RSA when it was made here. */
  public KeyPair serviceKey() {
    return serviceKey;
  }

  public Tokens tokens() {
    return tokens;
  }

  /** 96 hex characters that all nodes share. */
  public Secret ipsecKey() {
    return ipsecKey;
  }

  public ServerFiles files() {
    return files;
  }

  /** What a new agent needs beside the server's URL. */
  public Secret agentToken() {
    return new Secret(Tokens.full(serverCaPem(), "node", tokens.agent()));
  }

  /** A certificate of {@code system:...}, for a part of the control plane or its own agent. */
  public TlsIdentity issue(CertificateAuthority authority, Subject subject) {
    KeyPair pair = Keys.generate();
    X509Certificate leaf =
        authority.issue(subject, pair.getPublic(), clock.instant(), CertificateFiles.LEAF_VALIDITY);
    return new TlsIdentity(List.of(leaf, authority.certificate()), pair.getPrivate());
  }

  /** The key that clients without one of their own get. */
  public KeyPair sharedKey(String name) {
    return store.keyPair(name);
  }

  private void makeDirectories() {
    try {
      AtomicFiles.makeDirectory(files.directory(), "rwx------");
      AtomicFiles.makeDirectory(files.tls(), "rwx------");
      AtomicFiles.makeDirectory(files.cred(), "rwx------");
    } catch (IOException e) {
      throw new PkiException(
          "cannot make " + files.directory() + ": " + e.getMessage() + "; check permissions", e);
    }
  }

  private Secret ipsecKey(RandomGenerator random) {
    String text =
        store
            .read(files.ipsecKey())
            .map(String::strip)
            .orElseGet(
                () -> {
                  byte[] bytes = new byte[IPSEC_BYTES];
                  random.nextBytes(bytes);
                  return HexFormat.of().formatHex(bytes);
                });
    store.write(files.ipsecKey(), text + "\n", OWNER_ONLY);
    return new Secret(text);
  }

  private void writeTokens(PkiConfig config) {
    String authority = serverCaPem();
    store.write(
        files.token(), Tokens.full(authority, "server", tokens.server()) + "\n", OWNER_ONLY);
    link(files.nodeToken(), files.token());
    if (config.agentToken().isPresent()) {
      unlink(files.agentToken());
      store.write(
          files.agentToken(), Tokens.full(authority, "node", tokens.agent()) + "\n", OWNER_ONLY);
    } else {
      link(files.agentToken(), files.token());
    }
  }

  private static void link(Path link, Path target) {
    try {
      if (!Files.isSymbolicLink(link)) {
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, target);
      }
    } catch (IOException e) {
      throw new PkiException("cannot link " + link + ": " + e.getMessage(), e);
    }
  }

  private static void unlink(Path link) {
    try {
      if (Files.isSymbolicLink(link)) {
        Files.delete(link);
      }
    } catch (IOException e) {
      throw new PkiException("cannot replace " + link + ": " + e.getMessage(), e);
    }
  }

  private void writeKubeconfig(PkiConfig config) {
    Path file = config.kubeconfig();
    try {
      Path directory = file.toAbsolutePath().getParent();
      if (directory != null) {
        Files.createDirectories(directory);
      }
    } catch (IOException e) {
      throw new PkiException("cannot write " + file + ": " + e.getMessage(), e);
    }
    store.write(file, kubeconfig(config), OWNER_ONLY);
  }

  private String kubeconfig(PkiConfig config) {
    return """
    apiVersion: v1
    clusters:
    - cluster:
        certificate-authority-data: %s
        server: %s
      name: default
    contexts:
    - context:
        cluster: default
        user: default
      name: default
    current-context: default
    kind: Config
    preferences: {}
    users:
    - name: default
      user:
        client-certificate-data: %s
        client-key-data: %s
    """
        .formatted(
            base64(serverCaPem()),
            config.kubeconfigServer(),
            base64(chain(admin)),
            base64(store.read(files.key("client-admin")).orElseThrow()));
  }

  private static String chain(TlsIdentity identity) {
    StringBuilder text = new StringBuilder();
    identity.chain().forEach(certificate -> text.append(Certificates.pem(certificate)));
    return text.toString();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
