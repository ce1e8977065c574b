package org.k3sjvm.linux.echo;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.k3sjvm.linux.net.MacAddress;

/**
 * What matters of a VXLAN packet on its way between hosts.
 *
 * @param source of the outer packet
 * @param vni network identifier
 * @param sender source of the frame within
 */
public record VxlanPacket(InetAddress source, int vni, MacAddress sender) {
  private static final int UDP_BYTES = 8;
  private static final int VXLAN_BYTES = 8;
  private static final int MAC_BYTES = 6;
  private static final int IPV6_BYTES = 40;

  /** Reads one that begins with its IP header; empty when it is too short to be one. */
  static Optional<VxlanPacket> parse(ByteBuffer packet) {
    if (packet.limit() < IPV6_BYTES) {
      return Optional.empty();
    }
    boolean ipv6 = (packet.get(0) & 0xf0) == 0x60;
    int vxlan = (ipv6 ? IPV6_BYTES : (packet.get(0) & 0x0f) * 4) + UDP_BYTES;
    int sender = vxlan + VXLAN_BYTES + MAC_BYTES;
    if (packet.limit() < sender + MAC_BYTES) {
      return Optional.empty();
    }
    byte[] source = new byte[ipv6 ? 16 : 4];
    byte[] mac = new byte[MAC_BYTES];
    packet.get(ipv6 ? 8 : 12, source);
    packet.get(sender, mac);
    try {
      return Optional.of(
          new VxlanPacket(
              InetAddress.getByAddress(source),
              packet.getInt(vxlan + 4) >>> 8,
              MacAddress.of(mac)));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
