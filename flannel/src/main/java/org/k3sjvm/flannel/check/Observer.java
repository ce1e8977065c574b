package org.k3sjvm.flannel.check;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.k3sjvm.flannel.check.PeerSight.Knock;
import org.k3sjvm.flannel.check.PeerSight.Sizes;
import org.k3sjvm.flannel.check.PeerSight.Tcp;
import org.k3sjvm.linux.echo.Echo;
import org.k3sjvm.linux.echo.EchoAnswer;
import org.k3sjvm.linux.echo.Echoes;
import org.k3sjvm.linux.echo.RollCall;
import org.k3sjvm.linux.echo.VxlanPacket;
import org.k3sjvm.linux.echo.VxlanTap;
import org.k3sjvm.linux.net.Link;

/** Asks peers; the thread that calls must be in the network namespace that is checked. */
final class Observer {
  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final Duration TRY = Duration.ofMillis(500);
  private static final Duration STEP = Duration.ofMillis(300);
  private static final int KUBELET_PORT = 10_250;
  private static final int TRIES = 3;
  private static final int CLOSE_ENOUGH_BYTES = 4;

  /** Per-thread, so that it is that of the network namespace. Source: proc_net(5). */
  private static final Path PROC_NET = Path.of("/proc/thread-self/net");

  private final Echoes echoes;
  private final RollCall calls;

  Observer(Echoes echoes, RollCall calls) {
    this.echoes = echoes;
    this.calls = calls;
  }

  /** Who answers through the tunnel; one lost packet does not make a peer silent. */
  Set<InetAddress> answering(List<InetAddress> addresses) throws InterruptedException {
    Set<InetAddress> answered = new HashSet<>();
    for (int i = 0; i < TRIES && answered.size() < addresses.size(); i++) {
      answered.addAll(
          calls.answering(addresses.stream().filter(a -> !answered.contains(a)).toList(), TRY));
    }
    return answered;
  }

  /** A peer that answers. */
  PeerSight good(OwnEnd own, Target target, List<String> differences) throws InterruptedException {
    EchoAnswer overlay = echoes.ask(Echo.small(target.podsAddress(), PATIENCE));
    return new PeerSight(
        target,
        differences,
        overlay,
        Optional.of(sizes(own, target)),
        Optional.of(tcp(target)),
        Optional.empty());
  }

  /** A peer that does not. */
  PeerSight silent(OwnEnd own, Target target, List<String> differences)
      throws InterruptedException {
    InetAddress told = target.peer().publicIp();
    Set<InetAddress> senders = new HashSet<>();
    long before = received(own);
    if (own.device().flatMap(Link::vxlan).isPresent() && own.uplink().isPresent()) {
      try (VxlanTap tap = VxlanTap.open(own.uplink().get(), own.family().isIpv6(), own.port())) {
        for (int i = 0; i < TRIES; i++) {
          var _ = calls.answering(List.of(target.podsAddress()), STEP);
          tap.look().stream()
              .filter(packet -> packet.vni() == own.vni())
              .filter(packet -> Optional.of(packet.sender()).equals(target.peer().mac()))
              .map(VxlanPacket::source)
              .filter(source -> !own.uplinkAddresses().contains(source))
              .forEach(senders::add);
        }
      }
    }
    boolean delivered = received(own) > before;
    Set<InetAddress> others =
        target.nodeAddresses().stream().filter(a -> !a.equals(told)).collect(Collectors.toSet());
    return new PeerSight(
        target,
        differences,
        new EchoAnswer.Silent(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(
            new PeerSight.Path(
                echoes.ask(Echo.small(told, PATIENCE)),
                sourceTo(told),
                others.isEmpty() ? List.of() : List.copyOf(calls.answering(others, PATIENCE)),
                senders,
                delivered)));
  }

  private Sizes sizes(OwnEnd own, Target target) throws InterruptedException {
    int overlayBytes = own.device().or(own::uplink).map(Link::mtuBytes).orElseThrow();
    int underlayBytes = own.uplink().map(Link::mtuBytes).orElse(overlayBytes);
    InetAddress tunnel = target.podsAddress();
    InetAddress told = target.peer().publicIp();
    EchoAnswer whole = whole(tunnel, overlayBytes, PATIENCE);
    EchoAnswer underlayWhole = whole(told, underlayBytes, STEP);
    return new Sizes(
        overlayBytes,
        whole,
        whole.answered() ? OptionalInt.empty() : largest(tunnel, overlayBytes),
        underlayBytes,
        underlayWhole,
        underlayWhole.answered()
            ? underlayWhole
            : echoes.ask(new Echo(told, underlayBytes, true, STEP)));
  }

  private EchoAnswer whole(InetAddress target, int bytes, Duration limit)
      throws InterruptedException {
    EchoAnswer answer = echoes.ask(Echo.whole(target, bytes, limit));
    return answer instanceof EchoAnswer.Silent
        ? echoes.ask(Echo.whole(target, bytes, limit))
        : answer;
  }

  private OptionalInt largest(InetAddress target, int tooBig) throws InterruptedException {
    int good = Echo.SMALL_BYTES;
    int bad = tooBig;
    while (bad - good > CLOSE_ENOUGH_BYTES) {
      int middle = (good + bad) / 2;
      if (echoes.ask(Echo.whole(target, middle, STEP)).answered()) {
        good = middle;
      } else {
        bad = middle;
      }
    }
    return good == Echo.SMALL_BYTES ? OptionalInt.empty() : OptionalInt.of(good);
  }

  private static Tcp tcp(Target target) {
    long before = badChecksums();
    Knock overlay = knock(target.podsAddress());
    boolean bad = badChecksums() > before;
    return new Tcp(
        overlay,
        overlay == Knock.SILENT ? Optional.of(knock(target.peer().publicIp())) : Optional.empty(),
        bad);
  }

  private static Knock knock(InetAddress address) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(address, KUBELET_PORT), Math.toIntExact(PATIENCE.toMillis()));
      return Knock.OPEN;
    } catch (ConnectException e) {
      return Knock.CLOSED;
    } catch (IOException e) {
      return Knock.SILENT;
    }
  }

  /** Connecting a datagram socket sends nothing: it asks the kernel for its way. */
  private static Optional<InetAddress> sourceTo(InetAddress target) {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(new InetSocketAddress(target, KUBELET_PORT));
      return Optional.of(socket.getLocalAddress());
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  private static long received(OwnEnd own) {
    String start = own.deviceName() + ":";
    for (String line : lines("dev")) {
      String trimmed = line.strip();
      if (trimmed.startsWith(start)) {
        return Long.parseLong(
            trimmed.substring(start.length()).strip().split("\\s+", 3)[1]); // bytes packets …
      }
    }
    return 0;
  }

  private static long badChecksums() {
    List<String> tcp = lines("snmp").stream().filter(line -> line.startsWith("Tcp:")).toList();
    if (tcp.size() < 2) {
      return 0;
    }
    int column = List.of(tcp.getFirst().split(" ", -1)).indexOf("InCsumErrors");
    return column < 0 ? 0 : Long.parseLong(tcp.get(1).split(" ", -1)[column]);
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(PROC_NET.resolve(file));
    } catch (IOException e) {
      return List.of(); // a hint less
    }
  }
}
