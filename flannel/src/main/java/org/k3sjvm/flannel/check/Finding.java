package org.k3sjvm.flannel.check;

import java.util.Locale;

/**
 * Something that is not as it should be.
 *
 * @param peer whom it keeps from us; empty for all
 * @param message what is wrong and how that was seen
 * @param where the node to mend
 * @param repair a command or setting
 */
public record Finding(Kind kind, String peer, String message, String where, String repair) {
  /** What kind of thing is wrong. */
  public enum Kind {
    /** The VXLAN interface is missing, down, or not as announced. */
    DEVICE,
    /** Packets take another interface than the pod network's. */
    WRONG_INTERFACE,
    /** Routes, neighbours or forwarding entries do not fit what the nodes announce. */
    ENTRIES,
    /** A packet filter drops VXLAN packets. */
    FIREWALL,
    /** Somebody changes addresses between the nodes. */
    NAT,
    /** Packets arrive and something on this host drops what they carry. */
    FILTERED,
    /** The other host is behind a router, where it must not be. */
    NO_NEIGHBOUR,
    /** The other host does not answer at all. */
    UNREACHABLE,
    /** Packets of full size get lost. */
    MTU,
    /** Packets of full size are cut on the way, which costs. */
    FRAGMENTED,
    /** TCP gets lost where pings pass. */
    CHECKSUM;

    /** As people type it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
