package org.k3sjvm.linux.netlink;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.k3sjvm.linux.net.InterfaceAddress;

/** Messages about addresses: struct ifaddrmsg and IFA attributes. */
final class AddressMessages {
  static final int AF_INET = 2;
  static final int AF_INET6 = 10;

  private static final int RTM_NEWADDR = 20;
  private static final int RTM_DELADDR = 21;
  private static final int RTM_GETADDR = 22;
  private static final int BODY_BYTES = 8;

  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;
  private static final int IFA_FLAGS = 8;

  private AddressMessages() {}

  static byte[] add(InterfaceAddress address) {
    return change(
        RTM_NEWADDR, Message.REQUEST | Message.ACK | Message.CREATE | Message.EXCLUSIVE, address);
  }

  static byte[] remove(InterfaceAddress address) {
    return change(RTM_DELADDR, Message.REQUEST | Message.ACK, address);
  }

  static byte[] dump() {
    return new Message(RTM_GETADDR, Message.REQUEST | Message.DUMP)
        .u8(0)
        .u8(0)
        .u8(0)
        .u8(0)
        .u32(0)
        .bytes();
  }

  /** The local address: of a point-to-point link, not that of the other end. */
  static Optional<InterfaceAddress> parse(ByteBuffer message) {
    int prefixLength = Byte.toUnsignedInt(message.get(Message.HEADER_BYTES + 1));
    int flags = Byte.toUnsignedInt(message.get(Message.HEADER_BYTES + 2));
    int link = message.getInt(Message.HEADER_BYTES + 4);
    Attributes attributes = new Attributes(message.position(Message.HEADER_BYTES + BODY_BYTES));
    return attributes
        .address(IFA_LOCAL)
        .or(() -> attributes.address(IFA_ADDRESS))
        .map(
            address ->
                new InterfaceAddress(
                    link, address, prefixLength, attributes.u32(IFA_FLAGS, flags)));
  }

  private static byte[] change(int type, int flags, InterfaceAddress address) {
    return new Message(type, flags)
        .u8(address.isIpv6() ? AF_INET6 : AF_INET)
        .u8(address.prefixLength())
        .u8(0)
        .u8(0)
        .u32(address.link())
        .attribute(IFA_LOCAL, address.address())
        .attribute(IFA_ADDRESS, address.address())
        .bytes();
  }
}
