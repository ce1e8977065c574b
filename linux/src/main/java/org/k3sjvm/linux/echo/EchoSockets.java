package org.k3sjvm.linux.echo;

import java.net.InetAddress;
import java.util.Optional;
import java.util.function.Consumer;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.LinuxException;

/** A socket for each version of IP that this host has. One thread at a time. */
final class EchoSockets implements AutoCloseable {
  private final EchoSocket ipv4;
  private final Optional<EchoSocket> ipv6;
  private int sequence;

  private EchoSockets(EchoSocket ipv4, Optional<EchoSocket> ipv6) {
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
  }

  /**
   * Opens the network namespace of the calling thread.
   *
   * @throws LinuxException.Denied without CAP_NET_RAW
   */
  static EchoSockets open() {
    EchoSocket ipv4 = EchoSocket.open(false);
    return new EchoSockets(ipv4, EchoSocket.openIpv6(ipv4));
  }

  /** The one that reaches an address; empty when this host has no IPv6. */
  Optional<EchoSocket> to(InetAddress target) {
    return IpAddresses.isIpv6(target) ? ipv6 : Optional.of(ipv4);
  }

  void forEach(Consumer<EchoSocket> action) {
    action.accept(ipv4);
    ipv6.ifPresent(action);
  }

  /** A packet that none of the last 65,535 is like. */
  EchoPacket next(EchoSocket socket) {
    return new EchoPacket(socket.token(), ++sequence & 0xffff);
  }

  @Override
  public void close() {
    forEach(EchoSocket::close);
  }
}
