package org.k3sjvm.linux.echo;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * ICMP echo requests and replies.
 *
 * @param token tells our own from those of other programs
 * @param sequence which of ours
 */
record EchoPacket(long token, int sequence) {
  private static final int HEADER_BYTES = 8;
  private static final int IPV4_HEADER_BYTES = 20;
  private static final int IPV6_HEADER_BYTES = 40;
  private static final int REQUEST_V4 = 8;
  private static final int REQUEST_V6 = 128;
  static final int REPLY_V4 = 0;
  static final int REPLY_V6 = 129;

  /** A request that fills an IP packet of that size; the kernel adds the IP header. */
  byte[] request(boolean ipv6, int packetBytes) {
    ByteBuffer buffer =
        ByteBuffer.allocate(packetBytes - (ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES));
    buffer.put(0, (byte) (ipv6 ? REQUEST_V6 : REQUEST_V4));
    buffer.putShort(4, (short) (token >>> 48));
    buffer.putShort(6, (short) sequence);
    buffer.putLong(HEADER_BYTES, token);
    if (!ipv6) { // the kernel does it for IPv6, whose checksum covers addresses
      buffer.putShort(2, checksum(buffer.array()));
    }
    return buffer.array();
  }

  /**
   * The reply in what a raw socket received; empty for anything else.
   *
   * @param packet with its IP header for IPv4, without for IPv6
   */
  static Optional<EchoPacket> reply(boolean ipv6, ByteBuffer packet) {
    int start = ipv6 || !packet.hasRemaining() ? 0 : (packet.get(0) & 0x0f) * 4;
    if (packet.limit() < start + 2 * HEADER_BYTES
        || (packet.get(start) & 0xff) != (ipv6 ? REPLY_V6 : REPLY_V4)) {
      return Optional.empty();
    }
    return Optional.of(
        new EchoPacket(packet.getLong(start + HEADER_BYTES), packet.getShort(start + 6) & 0xffff));
  }

  /** The sum of 16 bit words, carries added, inverted. Source: RFC 1071. */
  private static short checksum(byte[] data) {
    int sum = 0;
    for (int i = 0; i < data.length; i++) {
      sum += (data[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return (short) ~sum;
  }
}
