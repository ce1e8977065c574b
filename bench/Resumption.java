import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.pki.TlsIdentity;

/**
 * Resumption DIRECTORY BALANCER SERVERS KIND=PATH…: asks servers and the balancer ten times a second until each has answered once, each time over a new
 * connection, with the node's certificates of a directory. Commands on standard input:
 *
 * <p>{@code servers A,B,C}: these are asked directly from now on. {@code mark}: what began before does not count any more, all are asked again. {@code resumed KIND A,B
 * SECONDS}: waits until one of the servers has answered and the balancer has; prints the milliseconds from the mark to the servers' first good answer and
 * how much later the balancer had one; -1 for one that had none in time.
 */
final class Resumption {
  private static final Duration PERIOD = Duration.ofMillis(100);
  private static final int PATIENCE_MILLIS = 3000;
  private static final String BALANCER = "balancer";

  private record Target(String name, InetSocketAddress address) {}

  private record Question(String target, String kind) {}

  /** When the first good answer since the mark came, in nanoseconds. */
  private final Map<Question, Long> answered = new ConcurrentHashMap<>();

  private final Path directory;
  private final Map<String, String> paths;
  private volatile List<Target> servers = List.of();
  private volatile long mark = System.nanoTime();

  private Resumption(Path directory, Map<String, String> paths) {
    this.directory = directory;
    this.paths = paths;
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> paths = new ConcurrentHashMap<>();
    Arrays.stream(arguments).skip(3).map(a -> a.split("=", 2)).forEach(a -> paths.put(a[0], a[1]));
    Resumption self = new Resumption(Path.of(arguments[0]), paths);
    self.servers = targets(arguments[2]);
    Target balancer = new Target(BALANCER, target(arguments[1]).address());
    for (String kind : paths.keySet()) {
      Thread.ofVirtual().start(() -> self.balancer(balancer, kind));
      Thread.ofVirtual().start(() -> self.directly(kind));
    }
    try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        self.obey(line.split(" "));
      }
    }
    System.exit(0);
  }

  private void obey(String[] words) throws InterruptedException {
    switch (words[0]) {
      case "servers" -> servers = targets(words[1]);
      case "mark" -> {
        mark = System.nanoTime();
        answered.clear();
      }
      case "resumed" -> System.out.println(resumed(words[1], List.of(words[2].split(",")), Integer.parseInt(words[3])));
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  private String resumed(String kind, List<String> of, int seconds) throws InterruptedException {
    long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    Optional<Long> direct = Optional.empty();
    Optional<Long> balanced = Optional.empty();
    while ((direct.isEmpty() || balanced.isEmpty()) && System.nanoTime() < until) {
      Thread.sleep(5);
      direct = of.stream().flatMap(s -> Optional.ofNullable(answered.get(new Question(s, kind))).stream()).min(Long::compare);
      balanced = Optional.ofNullable(answered.get(new Question(BALANCER, kind)));
    }
    long first = direct.map(at -> (at - mark) / 1_000_000).orElse(-1L);
    long later = direct.isEmpty() || balanced.isEmpty() ? -1 : Math.max(0, (balanced.get() - direct.get()) / 1_000_000);
    return first + " " + later;
  }

  /** A new question each period until one is answered well, whether the last was answered or not. */
  private void balancer(Target balancer, String kind) {
    while (true) {
      if (!answered.containsKey(new Question(BALANCER, kind))) {
        Thread.ofVirtual().start(() -> ask(balancer, kind));
      }
      pause();
    }
  }

  private void directly(String kind) {
    Map<Target, Thread> asking = new ConcurrentHashMap<>();
    while (true) {
      for (Target server : servers) {
        if (answered.containsKey(new Question(server.name(), kind))) {
          continue;
        }
        asking.compute(server, (s, before) -> before != null && before.isAlive() ? before : Thread.ofVirtual().start(() -> ask(s, kind)));
      }
      pause();
    }
  }

  private void ask(Target target, String kind) {
    long began = System.nanoTime();
    try (Socket plain = new Socket()) {
      plain.connect(target.address(), PATIENCE_MILLIS);
      plain.setSoTimeout(PATIENCE_MILLIS);
      try (Socket socket = tls().getSocketFactory().createSocket(plain, "127.0.0.1", target.address().getPort(), true)) {
        socket.getOutputStream().write(("GET " + paths.get(kind) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        String status = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
        if (status.equals("HTTP/1.1 200") && began >= mark) {
          answered.putIfAbsent(new Question(target.name(), kind), System.nanoTime());
        }
      }
    } catch (IOException e) {
      // No answer: that is what is measured.
    }
  }

  private SSLContext tls() throws IOException {
    return TlsContexts.of(
        Certificates.parse(Files.readString(directory.resolve("server-ca.crt"))),
        Optional.of(TlsIdentity.load(directory.resolve("client-kubelet.crt"), directory.resolve("client-kubelet.key"))));
  }

  private static List<Target> targets(String list) {
    return Arrays.stream(list.split(",")).map(Resumption::target).toList();
  }

  private static Target target(String address) {
    int colon = address.lastIndexOf(':');
    return new Target(address, new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))));
  }

  private static void pause() {
    try {
      Thread.sleep(PERIOD);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
