package org.k3sjvm.linux.echo;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;

/**
 * {@link Echoes} over raw sockets, which need CAP_NET_RAW; those for unprivileged pings are off by
 * default. A reply on the local network is there within a millisecond: looking again after ever
 * longer pauses costs less than a thread that waits in the kernel.
 */
public final class IcmpEchoes implements Echoes {
  private static final long FIRST_PAUSE_NANOS = 500_000;
  private static final long LONGEST_PAUSE_NANOS = 50_000_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final EchoSockets sockets;

  private IcmpEchoes(EchoSockets sockets) {
    this.sockets = sockets;
  }

  /**
   * Opens the network namespace of the calling thread.
   *
   * @throws LinuxException.Denied without CAP_NET_RAW
   */
  public static IcmpEchoes open() {
    return new IcmpEchoes(EchoSockets.open());
  }

  @Override
  public EchoAnswer ask(Echo echo) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      Optional<EchoSocket> socket = sockets.to(echo.target());
      return socket.isEmpty()
          ? new EchoAnswer.Unreachable("this host has no IPv6")
          : ask(socket.get(), echo);
    } finally {
      lock.unlock();
    }
  }

  private EchoAnswer ask(EchoSocket socket, Echo echo) throws InterruptedException {
    int refused = socket.speakTo(echo.target(), echo.fragments());
    if (refused < 0) {
      return failure(socket, -refused, echo);
    }
    socket.drain();
    EchoPacket packet = sockets.next(socket);
    long start = System.nanoTime();
    long sent =
        socket.send(
            packet.request(IpAddresses.isIpv6(echo.target()), echo.packetBytes()), echo.target());
    if (sent < 0) {
      return failure(socket, (int) -sent, echo);
    }
    long pause = FIRST_PAUSE_NANOS;
    while (true) {
      EchoSocket.Received received = socket.receive();
      if (received.packet().equals(Optional.of(packet))) {
        return new EchoAnswer.Answered(Duration.ofNanos(System.nanoTime() - start));
      }
      if (received.isFault()) {
        return failure(socket, received.errno(), echo);
      }
      if (received.isNothing()) {
        long left = echo.limit().toNanos() - (System.nanoTime() - start);
        if (left <= 0) {
          return new EchoAnswer.Silent();
        }
        Thread.sleep(Duration.ofNanos(Math.min(left, pause)));
        pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
      }
    }
  }

  private static EchoAnswer failure(EchoSocket socket, int errno, Echo echo) {
    if (errno == Errno.EMSGSIZE) {
      int mtu = socket.pathMtuBytes();
      return new EchoAnswer.TooBig(
          mtu > 0 && mtu < echo.packetBytes() ? OptionalInt.of(mtu) : OptionalInt.empty());
    }
    return new EchoAnswer.Unreachable(Errno.text(errno));
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
