package org.k3sjvm.linux.echo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.Optional;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.syscall.SocketAddresses;
import org.k3sjvm.linux.syscall.SocketCalls;

/** A raw socket of one family that takes echo replies alone. One thread at a time. */
final class EchoSocket implements AutoCloseable {
  private static final int IPPROTO_IP = 0;
  private static final int IPPROTO_ICMP = 1;
  private static final int IPPROTO_IPV6 = 41;
  private static final int IPPROTO_ICMPV6 = 58;
  private static final int SOL_SOCKET = 1;
  private static final int SOL_RAW = 255;
  private static final int SO_RCVBUF = 8;
  private static final int ICMP_FILTER = 1;
  private static final int ICMP6_FILTER = 1;
  private static final int IP_MTU_DISCOVER = 10;
  private static final int IP_RECVERR = 11;
  private static final int IP_MTU = 14;
  private static final int IPV6_MTU_DISCOVER = 23;
  private static final int IPV6_MTU = 24;
  private static final int IPV6_RECVERR = 25;

  /** Never asks routers not to cut, and cuts what is too big. */
  private static final int PMTUDISC_DONT = 0;

  /** Asks routers not to cut, whatever was learnt of the path before. */
  private static final int PMTUDISC_PROBE = 3;

  private static final int ICMP6_FILTER_WORDS = 8;
  private static final int KERNEL_BUFFER_BYTES = 256 << 10;
  private static final int BUFFER_BYTES = 128; // more than the part we look at

  private final int fd;
  private final boolean ipv6;
  private final long token = new SecureRandom().nextLong();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, Long.BYTES);

  /**
   * One look.
   *
   * @param errno 0 when there was no fault, EAGAIN when there was nothing
   */
  record Received(Optional<EchoPacket> packet, int errno) {
    boolean isNothing() {
      return errno == Errno.EAGAIN;
    }

    boolean isFault() {
      return errno != 0 && errno != Errno.EAGAIN;
    }
  }

  private EchoSocket(int fd, boolean ipv6) {
    this.fd = fd;
    this.ipv6 = ipv6;
  }

  static EchoSocket open(boolean ipv6) {
    int fd =
        SocketCalls.socket(
            ipv6 ? SocketCalls.AF_INET6 : SocketCalls.AF_INET,
            SocketCalls.SOCK_RAW | SocketCalls.SOCK_CLOEXEC,
            ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (fd < 0) {
      throw LinuxException.of("open a raw socket for ICMP", -fd);
    }
    try (Arena arena = Arena.ofConfined()) {
      var _ = SocketCalls.setOption(fd, SOL_SOCKET, SO_RCVBUF, KERNEL_BUFFER_BYTES);
      if (ipv6) { // a bit that is set keeps its type out
        MemorySegment filter = arena.allocate(ValueLayout.JAVA_INT, ICMP6_FILTER_WORDS);
        filter.fill((byte) 0xff);
        filter.setAtIndex(
            ValueLayout.JAVA_INT, EchoPacket.REPLY_V6 / 32, ~(1 << EchoPacket.REPLY_V6 % 32));
        var _ = SocketCalls.setOption(fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter);
      } else {
        var _ = SocketCalls.setOption(fd, SOL_RAW, ICMP_FILTER, ~(1 << EchoPacket.REPLY_V4));
      }
      return new EchoSocket(fd, ipv6);
    }
  }

  /** Empty where the kernel has no IPv6; closes the other one when it fails. */
  static Optional<EchoSocket> openIpv6(EchoSocket ipv4) {
    try {
      return Optional.of(open(true));
    } catch (LinuxException.Unsupported e) {
      return Optional.empty();
    } catch (LinuxException e) {
      ipv4.close();
      throw e;
    }
  }

  long token() {
    return token;
  }

  /**
   * Takes packets and faults of one host alone from now on. There is no way back: a raw socket that
   * is disconnected receives nothing any more.
   *
   * @return 0, or a negated error number when there is no way to it
   */
  int speakTo(InetAddress target, boolean fragments) {
    int discover = fragments ? PMTUDISC_DONT : PMTUDISC_PROBE;
    if (ipv6) {
      var _ = SocketCalls.setOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, discover);
      var _ = SocketCalls.setOption(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    } else {
      var _ = SocketCalls.setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, discover);
      var _ = SocketCalls.setOption(fd, IPPROTO_IP, IP_RECVERR, 1);
    }
    try (Arena confined = Arena.ofConfined()) {
      return SocketCalls.connect(fd, SocketAddresses.of(confined, target, 0));
    }
  }

  long send(byte[] packet, InetAddress target) {
    try (Arena confined = Arena.ofConfined()) {
      return SocketCalls.send(
          fd,
          confined.allocateFrom(ValueLayout.JAVA_BYTE, packet),
          SocketCalls.MSG_DONTWAIT,
          SocketAddresses.of(confined, target, 0));
    }
  }

  Received receive() {
    long length = SocketCalls.receive(fd, buffer, SocketCalls.MSG_DONTWAIT);
    if (length < 0) {
      return new Received(Optional.empty(), (int) -length);
    }
    return new Received(
        EchoPacket.reply(ipv6, buffer.asSlice(0, Math.min(length, BUFFER_BYTES)).asByteBuffer()),
        0);
  }

  /** Forgets what came before. */
  void drain() {
    while (!receive().isNothing()) {
      // replies to other programs, or too late
    }
  }

  /** Of the way to the host spoken to, as the kernel knows it; 0 or less when it does not. */
  int pathMtuBytes() {
    return ipv6
        ? SocketCalls.option(fd, IPPROTO_IPV6, IPV6_MTU)
        : SocketCalls.option(fd, IPPROTO_IP, IP_MTU);
  }

  @Override
  public void close() {
    SocketCalls.close(fd);
    arena.close();
  }
}
