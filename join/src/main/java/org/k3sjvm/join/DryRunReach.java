package org.k3sjvm.join;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.join.DryRunReport.Outcome;
import org.k3sjvm.join.DryRunReport.Stage;

/**
 * The first stages of a {@link DryRun}: name, connection and TLS, of which the best way in counts.
 */
final class DryRunReach {
  /** Less than what an agent waits, so that all is told within 15 s. */
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(4);

  private static final Duration LOOKUP_LIMIT = Duration.ofSeconds(6);

  private static final int MOST_ADDRESSES = 16;

  private final URI server;
  private final DryRunSteps steps;

  DryRunReach(URI server, DryRunSteps steps) {
    this.server = server;
    this.steps = steps;
  }

  /** Whether something at the server's place speaks TLS. */
  boolean reachable() throws InterruptedException {
    String name = bare(server.getHost());
    List<InetAddress> addresses = lookUp(name);
    if (addresses.isEmpty()) {
      return false;
    }
    int port = server.getPort();
    List<Attempt> attempts =
        connect(addresses.stream().map(address -> new InetSocketAddress(address, port)).toList());
    String line = attempts.stream().map(Attempt::line).collect(Collectors.joining("; "));
    Optional<InetSocketAddress> open =
        attempts.stream()
            .filter(attempt -> attempt.fault().isEmpty())
            .map(Attempt::address)
            .findFirst();
    if (open.isEmpty()) {
      steps.fail(Stage.TCP, unreachable(attempts, line));
      return false;
    }
    steps.step(Stage.TCP, Outcome.PASSED, line);
    return speaksTls(open.get(), name);
  }

  private List<InetAddress> lookUp(String name) throws InterruptedException {
    if (IpAddresses.isLiteral(name)) {
      steps.step(Stage.DNS, Outcome.PASSED, name + " is an address");
      return List.of(IpAddresses.parse(name));
    }
    String cause = "no name server answered within " + LOOKUP_LIMIT.toSeconds() + " s";
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    try {
      InetAddress[] found =
          threads
              .submit(() -> InetAddress.getAllByName(name))
              .get(LOOKUP_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      steps.step(
          Stage.DNS,
          Outcome.PASSED,
          name + " is " + String.join(", ", NodeSight.texts(List.of(found))));
      return List.of(found);
    } catch (ExecutionException e) {
      cause =
          e.getCause() instanceof UnknownHostException
              ? "neither /etc/hosts nor the name servers of /etc/resolv.conf know it"
              : String.valueOf(e.getCause());
    } catch (TimeoutException e) {
      // said already
    } finally {
      threads.shutdownNow();
    }
    steps.fail(
        Stage.DNS,
        Finding.error(
            "server-name",
            "the name " + name + " of --server is not known to DNS",
            cause,
            "check it with getent hosts "
                + name
                + "; correct --server, add the name to DNS or to /etc/hosts, or use an address"));
    return List.of();
  }

  /** A try to connect, and why it failed. */
  record Attempt(InetSocketAddress address, Optional<IOException> fault) {
    boolean silent() {
      return fault.filter(f -> f instanceof SocketTimeoutException).isPresent();
    }

    /** Nothing came back from the machine itself. */
    boolean away() {
      return silent() || fault.filter(f -> f instanceof NoRouteToHostException).isPresent();
    }

    String line() {
      return IpAddresses.text(address.getAddress())
          + " port "
          + address.getPort()
          + ": "
          + fault.map(f -> silent() ? "no answer" : Faults.describe(f)).orElse("open");
    }
  }

  /** Tries some of the addresses at once, and answers in their order. */
  static List<Attempt> connect(List<InetSocketAddress> addresses) throws InterruptedException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Attempt>> tries =
          threads.invokeAll(
              addresses.stream()
                  .limit(MOST_ADDRESSES)
                  .<java.util.concurrent.Callable<Attempt>>map(address -> () -> attempt(address))
                  .toList());
      return tries.stream().map(Future::resultNow).toList();
    }
  }

  private static Attempt attempt(InetSocketAddress address) {
    try (Socket socket = new Socket()) {
      socket.connect(address, Math.toIntExact(CONNECT_LIMIT.toMillis()));
      return new Attempt(address, Optional.empty());
    } catch (IOException e) {
      return new Attempt(address, Optional.of(e));
    }
  }

  private Finding unreachable(List<Attempt> attempts, String line) {
    int port = server.getPort();
    if (attempts.stream().allMatch(Attempt::away)) {
      return Finding.error(
          "server-silent",
          "nothing answers at " + server + " within " + CONNECT_LIMIT.toSeconds() + " s",
          line + "; the address is wrong, the machine is off, or a firewall drops packets",
          "check --server; on the server open TCP port %d, for example with ufw allow %d/tcp, or firewall-cmd --permanent --add-port=%d/tcp && firewall-cmd --reload"
              .formatted(port, port, port));
    }
    return Finding.error(
        "server-refuses",
        "no server listens at " + server,
        line,
        "on the server: systemctl status k3s, and ss -lnt | grep "
            + port
            + "; correct the port of --server if it is another (usually 6443)");
  }

  private boolean speaksTls(InetSocketAddress address, String name) {
    CaTrust.TrustAnyone seen = new CaTrust.TrustAnyone();
    try (Socket plain = new Socket()) {
      plain.connect(address, Math.toIntExact(CONNECT_LIMIT.toMillis()));
      plain.setSoTimeout(Math.toIntExact(CONNECT_LIMIT.toMillis()));
      try (SSLSocket tls =
          (SSLSocket)
              seen.context()
                  .getSocketFactory()
                  .createSocket(plain, name, address.getPort(), true)) {
        tls.startHandshake();
        X509Certificate leaf = seen.chain().getFirst();
        steps.step(
            Stage.TLS,
            Outcome.PASSED,
            "%s, certificate of %s by %s, valid until %s"
                .formatted(
                    tls.getSession().getProtocol(),
                    leaf.getSubjectX500Principal(),
                    leaf.getIssuerX500Principal(),
                    leaf.getNotAfter().toInstant()));
        return true;
      }
    } catch (IOException e) {
      boolean silent = e instanceof SocketTimeoutException;
      boolean otherProtocol =
          e instanceof SSLException && String.valueOf(e.getMessage()).contains("SSL message");
      String cause;
      if (silent) {
        cause =
            "it takes connections and says nothing: a load balancer without a server behind it, or"
                + " a server that hangs";
      } else if (otherProtocol) {
        cause = "what answers there does not speak TLS: another program has this port";
      } else {
        cause = "the connection ends during the handshake: " + e.getMessage();
      }
      steps.fail(
          Stage.TLS,
          Finding.error(
              "server-tls",
              "no TLS at " + server,
              cause,
              "check the port of --server (usually 6443), and on the server: systemctl status k3s;"
                  + " ss -lntp"));
      return false;
    }
  }

  private static String bare(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }
}
