package org.k3sjvm.server;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.ServerTls;
import org.k3sjvm.server.api.local.LocalKubeApi;
import org.k3sjvm.server.api.rest.KubeletConnector;
import org.k3sjvm.server.control.ControlConfig;
import org.k3sjvm.server.control.Controllers;
import org.k3sjvm.server.control.node.PodNetworks;

/** A control plane that listens on loopback over TLS, with its controllers, for tests. */
final class LiveControlPlane implements AutoCloseable {
  private static final Duration DAY = Duration.ofDays(1);

  private final Path directory;
  private final CertificateAuthority authority;
  private final ControlPlane plane;
  private final ServiceGroup group;
  private final HttpServer http;

  private LiveControlPlane(
      Path directory,
      CertificateAuthority authority,
      ControlPlane plane,
      ServiceGroup group,
      HttpServer http) {
    this.directory = directory;
    this.authority = authority;
    this.plane = plane;
    this.group = group;
    this.http = http;
  }

  static LiveControlPlane start(Path directory, KubeletConnector connector) throws IOException {
    Instant now = Instant.now();
    CertificateAuthority authority =
        CertificateAuthority.selfSigned("test-ca", Keys.generate(), now, DAY);
    KeyPair pair = Keys.generate();
    InetAddress loopback = InetAddress.getLoopbackAddress();
    TlsIdentity identity =
        new TlsIdentity(
            List.of(
                authority.issue(
                    CertificateAuthority.Subject.server("api", List.of(), List.of(loopback)),
                    pair.getPublic(),
                    now,
                    DAY)),
            pair.getPrivate());
    String ca = Certificates.pem(authority.certificate());
    ControlPlane plane =
        ControlPlane.open(
            new ControlPlaneConfig(
                directory.resolve("state.db"),
                ControlPlaneConfig.DEFAULT_CLUSTER_CIDR,
                ControlPlaneConfig.DEFAULT_SERVICE_CIDR,
                ControlPlaneConfig.DEFAULT_CLUSTER_DOMAIN,
                Keys.generate(),
                ca,
                loopback,
                6443,
                ControlPlaneConfig.DEFAULT_VERSION),
            List.of(),
            connector,
            InstantSource.system());
    ServiceGroup group = ServiceGroup.open("live");
    group.start(
        "controllers",
        new Controllers(
            new LocalKubeApi(plane.registry(), InstantSource.system()),
            new ControlConfig(
                PodNetworks.of(List.of(ControlPlaneConfig.DEFAULT_CLUSTER_CIDR)), true, () -> ca)));
    HttpServer http =
        HttpServer.start(
            new HttpServerConfig(
                "api",
                new HostPort(loopback.getHostAddress(), 0),
                Optional.of(new ServerTls(identity, List.of(authority.certificate())))),
            plane.api());
    return new LiveControlPlane(directory, authority, plane, group, http);
  }

  /** Stays up until killed: for trying things by hand. */
  public static void main(String[] args) throws Exception {
    try (LiveControlPlane live =
        start(
            Path.of(args[0]),
            (node, at) -> {
              throw new IOException("no way to " + node + " at " + at);
            })) {
      System.out.println(live.kubeconfig("admin", "system:masters"));
      live.kubeconfig("system:node:n1", "system:nodes");
      new java.util.concurrent.CountDownLatch(1).await();
    }
  }

  ControlPlane plane() {
    return plane;
  }

  int port() {
    return http.address().getPort();
  }

  /** A kubeconfig of a user. */
  Path kubeconfig(String name, String... groups) throws IOException {
    KeyPair pair = Keys.generate();
    String certificate =
        Certificates.pem(
            authority.issue(
                CertificateAuthority.Subject.client(name, groups),
                pair.getPublic(),
                Instant.now(),
                DAY));
    String text =
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "https://127.0.0.1:%d", certificate-authority-data: %s}}]
        users: [{name: u, user: {client-certificate-data: %s, client-key-data: %s}}]
        contexts: [{name: x, context: {cluster: c, user: u}}]
        current-context: x
        """
            .formatted(
                port(),
                base64(Certificates.pem(authority.certificate())),
                base64(certificate),
                base64(Keys.pem(pair)));
    Path file = directory.resolve(name.replace(':', '-') + ".kubeconfig");
    Files.writeString(file, text);
    return file;
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    http.close();
    group.close();
    plane.close();
  }
}
