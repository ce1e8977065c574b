package org.k3sjvm.linux.netlink;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.net.Route;

/** Messages about routes: struct rtmsg and RTA attributes. */
final class RouteMessages {
  private static final int RTM_NEWROUTE = 24;
  private static final int RTM_DELROUTE = 25;
  private static final int RTM_GETROUTE = 26;
  private static final int BODY_BYTES = 12;

  private static final int TABLE_MAIN = 254;
  private static final int PROTOCOL_BOOT = 3; // as flannel's routes
  private static final int SCOPE_UNIVERSE = 0;
  private static final int SCOPE_LINK = 253;
  private static final int SCOPE_NOWHERE = 255;
  private static final int TYPE_UNICAST = 1;
  private static final int TYPE_LOCAL = 2;
  private static final int FLAG_ONLINK = 4;
  private static final int FLAG_CLONED = 0x200;

  private static final int RTA_DST = 1;
  private static final int RTA_OIF = 4;
  private static final int RTA_GATEWAY = 5;
  private static final int RTA_TABLE = 15;

  private RouteMessages() {}

  static byte[] replace(Route route) {
    int scope = route.via().isPresent() ? SCOPE_UNIVERSE : SCOPE_LINK;
    return change(
        RTM_NEWROUTE,
        Message.REQUEST | Message.ACK | Message.CREATE | Message.REPLACE,
        PROTOCOL_BOOT,
        scope,
        TYPE_UNICAST,
        route);
  }

  static byte[] remove(Route route) {
    return change(RTM_DELROUTE, Message.REQUEST | Message.ACK, 0, SCOPE_NOWHERE, 0, route);
  }

  static byte[] dump(boolean ipv6) {
    return new Message(RTM_GETROUTE, Message.REQUEST | Message.DUMP)
        .u8(ipv6 ? AddressMessages.AF_INET6 : AddressMessages.AF_INET)
        .u8(0)
        .u8(0)
        .u8(0)
        .u32(0)
        .u32(0)
        .bytes();
  }

  static byte[] get(InetAddress to) {
    boolean ipv6 = to.getAddress().length == 16;
    return new Message(RTM_GETROUTE, Message.REQUEST | Message.ACK)
        .u8(ipv6 ? AddressMessages.AF_INET6 : AddressMessages.AF_INET)
        .u8(ipv6 ? 128 : 32)
        .u8(0)
        .u8(0)
        .u32(0)
        .u32(0)
        .attribute(RTA_DST, to)
        .bytes();
  }

  /** Of the answer to {@link #get}: 0 for a way that is closed. */
  static int parseLink(ByteBuffer message) {
    return new Attributes(message.position(Message.HEADER_BYTES + BODY_BYTES)).u32(RTA_OIF, 0);
  }

  /** Of the answer to {@link #get}: whether the address is this host's own. */
  static boolean isLocal(ByteBuffer message) {
    return Byte.toUnsignedInt(message.get(Message.HEADER_BYTES + 7)) == TYPE_LOCAL;
  }

  /** Empty for what is no unicast route of the main table. */
  static Optional<Route> parse(ByteBuffer message) {
    int family = Byte.toUnsignedInt(message.get(Message.HEADER_BYTES));
    int prefixLength = Byte.toUnsignedInt(message.get(Message.HEADER_BYTES + 1));
    int table = Byte.toUnsignedInt(message.get(Message.HEADER_BYTES + 4));
    int type = Byte.toUnsignedInt(message.get(Message.HEADER_BYTES + 7));
    int flags = message.getInt(Message.HEADER_BYTES + 8);
    Attributes attributes = new Attributes(message.position(Message.HEADER_BYTES + BODY_BYTES));
    if (attributes.u32(RTA_TABLE, table) != TABLE_MAIN
        || type != TYPE_UNICAST
        || (flags & FLAG_CLONED) != 0) {
      return Optional.empty();
    }
    InetAddress destination =
        attributes
            .address(RTA_DST)
            .orElseGet(
                () -> Attributes.address(new byte[family == AddressMessages.AF_INET6 ? 16 : 4]));
    return Optional.of(
        new Route(
            Cidr.containing(destination, prefixLength),
            attributes.address(RTA_GATEWAY),
            attributes.u32(RTA_OIF, 0),
            (flags & FLAG_ONLINK) != 0));
  }

  private static byte[] change(
      int type, int flags, int protocol, int scope, int routeType, Route route) {
    Cidr destination = route.destination();
    Message message =
        new Message(type, flags)
            .u8(destination.isIpv6() ? AddressMessages.AF_INET6 : AddressMessages.AF_INET)
            .u8(destination.prefixLength())
            .u8(0)
            .u8(0)
            .u8(TABLE_MAIN)
            .u8(protocol)
            .u8(scope)
            .u8(routeType)
            .u32(route.onlink() ? FLAG_ONLINK : 0)
            .attribute(RTA_DST, destination.address());
    route.via().ifPresent(hop -> message.attribute(RTA_GATEWAY, hop));
    return message.attributeU32(RTA_OIF, route.link()).bytes();
  }
}
