package org.k3sjvm.linux.netlink;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.net.ForwardingEntry;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.Neighbour;

/** Messages about neighbours and forwarding entries: struct ndmsg and NDA attributes. */
final class NeighbourMessages {
  private static final int RTM_NEWNEIGH = 28;
  private static final int RTM_DELNEIGH = 29;
  private static final int RTM_GETNEIGH = 30;
  private static final int BODY_BYTES = 12;

  private static final int AF_BRIDGE = 7;
  private static final int STATE_PERMANENT = 0x80;
  private static final int FLAG_SELF = 0x02;
  private static final int TYPE_UNICAST = 1;

  private static final int NDA_DST = 1;
  private static final int NDA_LLADDR = 2;

  private static final int SET = Message.REQUEST | Message.ACK | Message.CREATE | Message.REPLACE;
  private static final int REMOVE = Message.REQUEST | Message.ACK;

  private NeighbourMessages() {}

  static byte[] replace(Neighbour neighbour) {
    return change(RTM_NEWNEIGH, SET, neighbour);
  }

  static byte[] remove(Neighbour neighbour) {
    return change(RTM_DELNEIGH, REMOVE, neighbour);
  }

  static byte[] replace(ForwardingEntry entry) {
    return change(RTM_NEWNEIGH, SET, STATE_PERMANENT, entry);
  }

  static byte[] remove(ForwardingEntry entry) {
    return change(RTM_DELNEIGH, REMOVE, 0, entry);
  }

  static byte[] dump(boolean ipv6) {
    return body(
            RTM_GETNEIGH,
            Message.REQUEST | Message.DUMP,
            ipv6 ? AddressMessages.AF_INET6 : AddressMessages.AF_INET,
            0,
            0,
            0,
            0)
        .bytes();
  }

  /** The kernel takes a struct ifinfomsg here, and keeps to the link in it. */
  static byte[] dumpForwarding(int link) {
    return new Message(RTM_GETNEIGH, Message.REQUEST | Message.DUMP)
        .u8(AF_BRIDGE)
        .u8(0)
        .u16(0)
        .u32(link)
        .u32(0)
        .u32(0)
        .bytes();
  }

  /** Empty for what is not permanent, or has no address of the kinds we set. */
  static Optional<Neighbour> parse(ByteBuffer message) {
    if (!isPermanent(message)) {
      return Optional.empty();
    }
    int link = linkOf(message);
    Attributes attributes = attributes(message);
    return attributes
        .address(NDA_DST)
        .flatMap(address -> mac(attributes).map(mac -> new Neighbour(link, address, mac)));
  }

  /** Empty for entries of a bridge, which have no destination. */
  static Optional<ForwardingEntry> parseForwarding(ByteBuffer message) {
    int link = linkOf(message);
    Attributes attributes = attributes(message);
    return attributes
        .address(NDA_DST)
        .flatMap(
            destination -> mac(attributes).map(mac -> new ForwardingEntry(link, mac, destination)));
  }

  private static Optional<MacAddress> mac(Attributes attributes) {
    return attributes.bytes(NDA_LLADDR).filter(bytes -> bytes.length == 6).map(MacAddress::of);
  }

  private static boolean isPermanent(ByteBuffer message) {
    return (message.getShort(Message.HEADER_BYTES + 8) & STATE_PERMANENT) != 0;
  }

  private static int linkOf(ByteBuffer message) {
    return message.getInt(Message.HEADER_BYTES + 4);
  }

  private static Attributes attributes(ByteBuffer message) {
    return new Attributes(message.position(Message.HEADER_BYTES + BODY_BYTES));
  }

  private static byte[] change(int type, int flags, Neighbour neighbour) {
    int family =
        IpAddresses.isIpv6(neighbour.address())
            ? AddressMessages.AF_INET6
            : AddressMessages.AF_INET;
    return body(type, flags, family, neighbour.link(), STATE_PERMANENT, 0, TYPE_UNICAST)
        .attribute(NDA_DST, neighbour.address())
        .attribute(NDA_LLADDR, neighbour.mac().bytes())
        .bytes();
  }

  private static byte[] change(int type, int flags, int state, ForwardingEntry entry) {
    return body(type, flags, AF_BRIDGE, entry.link(), state, FLAG_SELF, 0)
        .attribute(NDA_DST, entry.destination())
        .attribute(NDA_LLADDR, entry.mac().bytes())
        .bytes();
  }

  private static Message body(
      int type, int flags, int family, int link, int state, int entryFlags, int entryType) {
    return new Message(type, flags)
        .u8(family)
        .u8(0)
        .u16(0)
        .u32(link)
        .u16(state)
        .u8(entryFlags)
        .u8(entryType);
  }
}
