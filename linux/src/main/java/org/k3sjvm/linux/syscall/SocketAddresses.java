package org.k3sjvm.linux.syscall;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;

/** The structures that name the ends of sockets. Source: ip(7), ipv6(7), packet(7). */
public final class SocketAddresses {
  private static final int INET_BYTES = 16;
  private static final int INET6_BYTES = 28;
  private static final int PACKET_BYTES = 20;

  private SocketAddresses() {}

  /** Of an IP address and a port. */
  public static MemorySegment of(Arena arena, InetAddress address, int port) {
    boolean ipv6 = address instanceof Inet6Address;
    MemorySegment segment = arena.allocate(ipv6 ? INET6_BYTES : INET_BYTES, Integer.BYTES);
    segment.set(
        ValueLayout.JAVA_SHORT, 0, (short) (ipv6 ? SocketCalls.AF_INET6 : SocketCalls.AF_INET));
    segment.set(ValueLayout.JAVA_BYTE, 2, (byte) (port >>> 8));
    segment.set(ValueLayout.JAVA_BYTE, 3, (byte) port);
    byte[] bytes = address.getAddress();
    MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, ipv6 ? 8 : 4, bytes.length);
    if (address instanceof Inet6Address scoped) {
      segment.set(ValueLayout.JAVA_INT, 24, scoped.getScopeId());
    }
    return segment;
  }

  /**
   * Of what an interface receives and sends.
   *
   * @param protocol such as 0x0800, in the order in which people write it
   */
  public static MemorySegment ofLink(Arena arena, int link, int protocol) {
    MemorySegment segment = arena.allocate(PACKET_BYTES, Integer.BYTES);
    segment.set(ValueLayout.JAVA_SHORT, 0, (short) SocketCalls.AF_PACKET);
    segment.set(ValueLayout.JAVA_BYTE, 2, (byte) (protocol >>> 8));
    segment.set(ValueLayout.JAVA_BYTE, 3, (byte) protocol);
    segment.set(ValueLayout.JAVA_INT, 4, link);
    return segment;
  }
}
