package org.k3sjvm.linux.echo;

import java.net.InetAddress;
import java.time.Duration;

/**
 * One question: are you there, and does a packet of this size reach you and come back?
 *
 * @param packetBytes of the whole IP packet, header and all
 * @param fragments whether the sender and routers may cut it into pieces
 * @param limit how long to wait for the answer
 */
public record Echo(InetAddress target, int packetBytes, boolean fragments, Duration limit) {
  /** The usual size of a ping over IPv4. */
  public static final int SMALL_BYTES = 84;

  static final int LEAST_BYTES = 64; // IPv6 40, ICMP 8, token 8, some room
  private static final int MOST_BYTES = 65_535;

  public Echo {
    if (packetBytes < LEAST_BYTES || packetBytes > MOST_BYTES || !limit.isPositive()) {
      throw new IllegalArgumentException("echo of " + packetBytes + " bytes within " + limit);
    }
  }

  /** Of the usual size. */
  public static Echo small(InetAddress target, Duration limit) {
    return new Echo(target, SMALL_BYTES, true, limit);
  }

  /** In one piece or not at all. */
  public static Echo whole(InetAddress target, int packetBytes, Duration limit) {
    return new Echo(target, packetBytes, false, limit);
  }
}
