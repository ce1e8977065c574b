package org.k3sjvm.linux.echo;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.LinuxException;

/** {@link RollCall} over raw sockets, which need CAP_NET_RAW. */
public final class IcmpRollCall implements RollCall {
  private static final long FIRST_PAUSE_NANOS = 500_000;
  private static final long LONGEST_PAUSE_NANOS = 200_000_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final EchoSockets sockets;

  private IcmpRollCall(EchoSockets sockets) {
    this.sockets = sockets;
  }

  /**
   * Opens the network namespace of the calling thread.
   *
   * @throws LinuxException.Denied without CAP_NET_RAW
   */
  public static IcmpRollCall open() {
    return new IcmpRollCall(EchoSockets.open());
  }

  @Override
  public Set<InetAddress> answering(Collection<InetAddress> targets, Duration limit)
      throws InterruptedException {
    lock.lockInterruptibly();
    try {
      Map<EchoPacket, InetAddress> open = new HashMap<>();
      sockets.forEach(EchoSocket::drain);
      for (InetAddress target : targets) {
        sockets
            .to(target)
            .ifPresent(
                socket -> {
                  EchoPacket packet = sockets.next(socket);
                  byte[] request = packet.request(IpAddresses.isIpv6(target), Echo.SMALL_BYTES);
                  if (socket.send(request, target) > 0) {
                    open.put(packet, target);
                  }
                });
      }
      return collect(open, limit);
    } finally {
      lock.unlock();
    }
  }

  private Set<InetAddress> collect(Map<EchoPacket, InetAddress> open, Duration limit)
      throws InterruptedException {
    Set<InetAddress> answered = new HashSet<>();
    long start = System.nanoTime();
    long pause = FIRST_PAUSE_NANOS;
    while (!open.isEmpty()) {
      sockets.forEach(socket -> take(socket, open, answered));
      long left = limit.toNanos() - (System.nanoTime() - start);
      if (open.isEmpty() || left <= 0) {
        break;
      }
      Thread.sleep(Duration.ofNanos(Math.min(left, pause)));
      pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
    }
    return answered;
  }

  private static void take(
      EchoSocket socket, Map<EchoPacket, InetAddress> open, Set<InetAddress> answered) {
    while (true) {
      EchoSocket.Received received = socket.receive();
      if (received.isNothing()) {
        return;
      }
      received
          .packet()
          .ifPresent(packet -> Optional.ofNullable(open.remove(packet)).ifPresent(answered::add));
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      sockets.close();
    } finally {
      lock.unlock();
    }
  }
}
