package org.k3sjvm.linux.netlink;

import java.net.Inet6Address;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.VxlanSettings;

/** Messages about links: struct ifinfomsg and IFLA attributes. */
final class LinkMessages {
  private static final int RTM_NEWLINK = 16;
  private static final int RTM_DELLINK = 17;
  private static final int RTM_GETLINK = 18;
  private static final int BODY_BYTES = 16;

  private static final int IFF_UP = 1;
  private static final int IFLA_ADDRESS = 1;
  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_MTU = 4;
  private static final int IFLA_TXQLEN = 13;
  private static final int IFLA_LINKINFO = 18;
  private static final int IFLA_EXT_MASK = 29;
  private static final int EXT_MASK_SKIP_STATS = 8;
  private static final int INFO_KIND = 1;
  private static final int INFO_DATA = 2;

  private static final int VXLAN_ID = 1;
  private static final int VXLAN_GROUP = 2;
  private static final int VXLAN_LINK = 3;
  private static final int VXLAN_LOCAL = 4;
  private static final int VXLAN_TTL = 5;
  private static final int VXLAN_TOS = 6;
  private static final int VXLAN_LEARNING = 7;
  private static final int VXLAN_PROXY = 11;
  private static final int VXLAN_RSC = 12;
  private static final int VXLAN_L2MISS = 13;
  private static final int VXLAN_L3MISS = 14;
  private static final int VXLAN_PORT = 15;
  private static final int VXLAN_GROUP6 = 16;
  private static final int VXLAN_LOCAL6 = 17;
  private static final int VXLAN_UDP_ZERO_CSUM6_TX = 19;
  private static final int VXLAN_UDP_ZERO_CSUM6_RX = 20;
  private static final int VXLAN_GBP = 23;

  private static final String VXLAN = "vxlan";

  private LinkMessages() {}

  /** The same attributes in the same order as flannel's, whose devices must look alike. */
  static byte[] createVxlan(String name, MacAddress mac, int mtuBytes, VxlanSettings settings) {
    Message message =
        body(
                RTM_NEWLINK,
                Message.REQUEST | Message.ACK | Message.CREATE | Message.EXCLUSIVE,
                0,
                0,
                0)
            .attributeName(IFLA_IFNAME, name)
            .attributeU32(IFLA_MTU, mtuBytes)
            .attributeU32(IFLA_TXQLEN, 0)
            .attribute(IFLA_ADDRESS, mac.bytes());
    int info = message.begin(IFLA_LINKINFO);
    message.attributeText(INFO_KIND, VXLAN);
    int data = message.begin(INFO_DATA);
    message.attributeU32(VXLAN_ID, settings.vni()).attributeU32(VXLAN_LINK, settings.lowerLink());
    settings
        .local()
        .ifPresent(
            local ->
                message.attribute(
                    local instanceof Inet6Address ? VXLAN_LOCAL6 : VXLAN_LOCAL, local));
    settings
        .group()
        .ifPresent(
            group ->
                message.attribute(
                    group instanceof Inet6Address ? VXLAN_GROUP6 : VXLAN_GROUP, group));
    message
        .attributeU8(VXLAN_TTL, 0)
        .attributeU8(VXLAN_TOS, 0)
        .attributeU8(VXLAN_LEARNING, settings.learning() ? 1 : 0)
        .attributeU8(VXLAN_PROXY, 0)
        .attributeU8(VXLAN_RSC, 0)
        .attributeU8(VXLAN_L2MISS, 0)
        .attributeU8(VXLAN_L3MISS, 0)
        .attributeU8(VXLAN_UDP_ZERO_CSUM6_TX, 0)
        .attributeU8(VXLAN_UDP_ZERO_CSUM6_RX, 0);
    if (settings.gbp()) {
      message.attribute(VXLAN_GBP, new byte[0]);
    }
    if (settings.port() != 0) {
      message.attributePort(VXLAN_PORT, settings.port());
    }
    return message.end(data).end(info).bytes();
  }

  /** As flannel's. */
  static byte[] createWireGuard(String name, int mtuBytes) {
    Message message =
        body(
                RTM_NEWLINK,
                Message.REQUEST | Message.ACK | Message.CREATE | Message.EXCLUSIVE,
                0,
                0,
                0)
            .attributeName(IFLA_IFNAME, name)
            .attributeU32(IFLA_MTU, mtuBytes)
            .attributeU32(IFLA_TXQLEN, 0);
    int info = message.begin(IFLA_LINKINFO);
    return message.attributeText(INFO_KIND, Link.WIREGUARD).end(info).bytes();
  }

  static byte[] setUp(int link) {
    return body(RTM_NEWLINK, Message.REQUEST | Message.ACK, link, IFF_UP, IFF_UP).bytes();
  }

  static byte[] setMtu(int link, int mtuBytes) {
    return body(RTM_NEWLINK, Message.REQUEST | Message.ACK, link, 0, 0)
        .attributeU32(IFLA_MTU, mtuBytes)
        .bytes();
  }

  static byte[] setLearning(int link, boolean learning) {
    Message message = body(RTM_NEWLINK, Message.REQUEST | Message.ACK, link, 0, 0);
    int info = message.begin(IFLA_LINKINFO);
    message.attributeText(INFO_KIND, VXLAN);
    int data = message.begin(INFO_DATA);
    return message.attributeU8(VXLAN_LEARNING, learning ? 1 : 0).end(data).end(info).bytes();
  }

  static byte[] delete(int link) {
    return body(RTM_DELLINK, Message.REQUEST | Message.ACK, link, 0, 0).bytes();
  }

  static byte[] dump() {
    return body(RTM_GETLINK, Message.REQUEST | Message.DUMP, 0, 0, 0)
        .attributeU32(IFLA_EXT_MASK, EXT_MASK_SKIP_STATS)
        .bytes();
  }

  static byte[] get(String name) {
    return body(RTM_GETLINK, Message.REQUEST | Message.ACK, 0, 0, 0)
        .attributeName(IFLA_IFNAME, name)
        .attributeU32(IFLA_EXT_MASK, EXT_MASK_SKIP_STATS)
        .bytes();
  }

  static byte[] get(int link) {
    return body(RTM_GETLINK, Message.REQUEST | Message.ACK, link, 0, 0)
        .attributeU32(IFLA_EXT_MASK, EXT_MASK_SKIP_STATS)
        .bytes();
  }

  static Link parse(ByteBuffer message) {
    int index = message.getInt(Message.HEADER_BYTES + 4);
    int flags = message.getInt(Message.HEADER_BYTES + 8);
    Attributes attributes = new Attributes(message.position(Message.HEADER_BYTES + BODY_BYTES));
    Optional<Attributes> info = attributes.nested(IFLA_LINKINFO);
    String kind = info.flatMap(all -> all.text(INFO_KIND)).orElse("");
    return new Link(
        index,
        attributes.text(IFLA_IFNAME).orElse(""),
        kind,
        attributes.bytes(IFLA_ADDRESS).filter(bytes -> bytes.length == 6).map(MacAddress::of),
        attributes.u32(IFLA_MTU, 0),
        (flags & IFF_UP) != 0,
        kind.equals(VXLAN)
            ? info.flatMap(all -> all.nested(INFO_DATA)).map(LinkMessages::vxlan)
            : Optional.empty());
  }

  private static VxlanSettings vxlan(Attributes data) {
    return new VxlanSettings(
        data.u32(VXLAN_ID, 0),
        data.u32(VXLAN_LINK, 0),
        data.address(VXLAN_LOCAL).or(() -> data.address(VXLAN_LOCAL6)),
        data.address(VXLAN_GROUP).or(() -> data.address(VXLAN_GROUP6)),
        data.port(VXLAN_PORT, 0),
        data.u8(VXLAN_LEARNING, 0) != 0,
        data.has(VXLAN_GBP));
  }

  private static Message body(int type, int flags, int link, int linkFlags, int change) {
    return new Message(type, flags).u8(0).u8(0).u16(0).u32(link).u32(linkFlags).u32(change);
  }
}
