import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Sends bytes to itself over TLS of the JDK, with the ciphers of a provider's class if one is named, and prints MB/s of three rounds and its memory. See bench/tls.sh. */
final class TlsThroughput {
  private static final int CHUNK = 32 * 1024;
  private static final int CHUNKS_PER_MB = 1024 * 1024 / CHUNK;
  private static final int ROUNDS = 3;

  public static void main(String[] arguments) throws Exception {
    if (arguments.length > 2) {
      Security.insertProviderAt((Provider) Class.forName(arguments[2]).getDeclaredConstructor().newInstance(), 1);
    }
    SSLContext tls = context(Path.of(arguments[0]));
    int megabytes = Integer.parseInt(arguments[1]);
    try (ServerSocket listener = tls.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread reader = Thread.ofVirtual().start(() -> drain(listener));
      try (Socket socket = tls.getSocketFactory().createSocket(listener.getInetAddress(), listener.getLocalPort())) {
        OutputStream out = socket.getOutputStream();
        byte[] chunk = new byte[CHUNK];
        for (int round = 0; round < ROUNDS; round++) {
          long began = System.nanoTime();
          for (int i = 0; i < megabytes * CHUNKS_PER_MB; i++) {
            out.write(chunk);
          }
          System.out.printf("%4.0f MB/s  ", megabytes / ((System.nanoTime() - began) / 1e9));
        }
      }
      reader.join();
    }
    System.gc();
    Thread.sleep(1500); // the native heap is trimmed meanwhile
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      System.out.println(lines.filter(line -> line.matches("(VmRSS|RssAnon).*")).map(line -> line.replaceAll("\\s+", " ")).collect(Collectors.joining("  ")));
    }
  }

  private static void drain(ServerSocket listener) {
    try (Socket socket = listener.accept();
        InputStream in = socket.getInputStream()) {
      byte[] chunk = new byte[CHUNK];
      while (in.read(chunk) >= 0) {}
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static SSLContext context(Path store) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, "changeit".toCharArray());
    }
    KeyManagerFactory identity = KeyManagerFactory.getInstance("PKIX");
    identity.init(keys, "changeit".toCharArray());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(keys);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(identity.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
