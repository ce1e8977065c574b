package org.k3sjvm.integration.scenario;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.TrustManagerFactory;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.LabException;

/**
 * A server of which nodes get everything but its API: it stands before the real one, with its
 * certificate, as a program of its own on its host. Certificates of clients do not pass it.
 */
final class SupervisorFront {
  static final int PORT = 7443;
  private static final int REAL_PORT = 6443;
  private static final char[] PASSWORD = "front".toCharArray();
  private static final String STORE = "front.p12";

  private final HostProcess process;

  private SupervisorFront(HostProcess process) {
    this.process = process;
  }

  /** Starts one on the host of a server. */
  static SupervisorFront start(Host server) throws InterruptedException {
    Path tls = server.path(Node.DATA + "/server/tls");
    TlsIdentity identity =
        TlsIdentity.load(
            tls.resolve("serving-kube-apiserver.crt"), tls.resolve("serving-kube-apiserver.key"));
    try (OutputStream out = Files.newOutputStream(server.home().resolve(STORE))) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, PASSWORD);
      store.setKeyEntry(
          "server", identity.key(), PASSWORD, identity.chain().toArray(Certificate[]::new));
      store.setCertificateEntry("trusted", identity.chain().getLast());
      store.store(out, PASSWORD);
    } catch (IOException | GeneralSecurityException e) {
      throw new LabException("cannot keep the server's certificate", e);
    }
    HostProcess process =
        server.start(
            "front",
            Path.of(System.getProperty("java.home"), "bin/java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            Stream.of(SupervisorFront.class, Host.class, TlsIdentity.class)
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation().getPath())
                .collect(Collectors.joining(File.pathSeparator)),
            SupervisorFront.class.getName(),
            server.home().toString());
    process.awaitLog("listening", Cluster.PATIENCE);
    return new SupervisorFront(process);
  }

  /** Ends it. */
  void kill() throws InterruptedException {
    process.kill();
  }

  /** The program; its argument is the directory of its files. */
  public static void main(String[] arguments) throws IOException, GeneralSecurityException {
    Path home = Path.of(List.of(arguments).getFirst());
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = new FileInputStream(home.resolve(STORE).toFile())) {
      store.load(in, PASSWORD);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, PASSWORD);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    try (SSLServerSocket server =
        (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(PORT)) {
      System.out.println("listening");
      while (true) {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> serve(client, tls));
      }
    }
  }

  /** A connection that begins with a request to the supervisor stays one of the supervisor. */
  private static void serve(Socket client, SSLContext tls) {
    try (client) {
      byte[] line = firstLine(client.getInputStream());
      String path = new String(line, StandardCharsets.UTF_8).split(" ", 3)[1];
      if (!path.startsWith("/v1-k3s/") && !path.startsWith("/cacerts")) {
        System.out.println("refused " + path);
        return;
      }
      try (Socket real = tls.getSocketFactory().createSocket("127.0.0.1", REAL_PORT)) {
        real.getOutputStream().write(line);
        real.getOutputStream().flush();
        Thread back = Thread.ofVirtual().start(() -> copy(real, client));
        copy(client, real);
        back.join();
      }
    } catch (IOException | RuntimeException e) {
      System.out.println("ended: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static byte[] firstLine(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int one = in.read(); one >= 0; one = in.read()) {
      line.write(one);
      if (one == '\n') {
        return line.toByteArray();
      }
    }
    throw new IOException("no request");
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      byte[] buffer = new byte[16 << 10];
      for (int n = from.getInputStream().read(buffer);
          n >= 0;
          n = from.getInputStream().read(buffer)) {
        to.getOutputStream().write(buffer, 0, n);
        to.getOutputStream().flush();
      }
    } catch (IOException e) {
      System.out.println("ended: " + e.getMessage());
    }
  }
}
