package org.k3sjvm.linux.netlink;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.k3sjvm.linux.filter.Connection;

/** Messages of ctnetlink. Source: linux/netfilter/nfnetlink_conntrack.h. */
final class ConnectionMessages {
  private static final int SUBSYSTEM = 1; // NFNL_SUBSYS_CTNETLINK
  private static final int GET = SUBSYSTEM << 8 | 1;
  private static final int DELETE = SUBSYSTEM << 8 | 2;

  private static final int TUPLE_ORIGINAL = 1;
  private static final int TUPLE_REPLY = 2;
  private static final int ID = 12;
  private static final int ZONE = 18;
  private static final int TUPLE_IP = 1;
  private static final int TUPLE_PROTOCOL = 2;
  private static final int IPV4_SOURCE = 1;
  private static final int IPV4_DESTINATION = 2;
  private static final int IPV6_SOURCE = 3;
  private static final int IPV6_DESTINATION = 4;
  private static final int PROTOCOL_NUMBER = 1;
  private static final int SOURCE_PORT = 2;
  private static final int DESTINATION_PORT = 3;

  private ConnectionMessages() {}

  static byte[] dump(boolean ipv6) {
    return FilterMessages.header(
            new Message(GET, Message.REQUEST | Message.DUMP),
            ipv6 ? AddressMessages.AF_INET6 : AddressMessages.AF_INET,
            0)
        .bytes();
  }

  /** Always with a whole tuple: without one the kernel would forget every connection. */
  static byte[] delete(Connection connection) {
    boolean ipv6 = connection.destination().getAddress().length == 16;
    Message message =
        FilterMessages.header(
            new Message(DELETE, Message.REQUEST | Message.ACK),
            ipv6 ? AddressMessages.AF_INET6 : AddressMessages.AF_INET,
            0);
    int tuple = message.beginNested(TUPLE_ORIGINAL);
    int addresses = message.beginNested(TUPLE_IP);
    message
        .attribute(ipv6 ? IPV6_SOURCE : IPV4_SOURCE, connection.source())
        .attribute(ipv6 ? IPV6_DESTINATION : IPV4_DESTINATION, connection.destination())
        .end(addresses);
    int protocol = message.beginNested(TUPLE_PROTOCOL);
    return message
        .attributeU8(PROTOCOL_NUMBER, connection.protocol())
        .attributePort(SOURCE_PORT, connection.sourcePort())
        .attributePort(DESTINATION_PORT, connection.destinationPort())
        .end(protocol)
        .end(tuple)
        .attributeBigU32(ID, connection.id())
        .bytes();
  }

  /** Empty for other protocols, for zones that are not ours, and for what is not whole. */
  static Optional<Connection> parse(ByteBuffer message, int protocol) {
    Attributes entry = new Attributes(message.position(FilterMessages.BODY));
    Optional<Attributes> original = entry.nested(TUPLE_ORIGINAL);
    Optional<Attributes> ports = original.flatMap(tuple -> tuple.nested(TUPLE_PROTOCOL));
    if (ports.isEmpty() || ports.get().u8(PROTOCOL_NUMBER, 0) != protocol || entry.has(ZONE)) {
      return Optional.empty();
    }
    Optional<Attributes> there = original.flatMap(tuple -> tuple.nested(TUPLE_IP));
    Optional<Attributes> reply = entry.nested(TUPLE_REPLY);
    Optional<InetAddress> source = there.flatMap(ip -> address(ip, IPV4_SOURCE, IPV6_SOURCE));
    Optional<InetAddress> destination =
        there.flatMap(ip -> address(ip, IPV4_DESTINATION, IPV6_DESTINATION));
    Optional<InetAddress> replySource =
        reply
            .flatMap(tuple -> tuple.nested(TUPLE_IP))
            .flatMap(ip -> address(ip, IPV4_SOURCE, IPV6_SOURCE));
    Optional<Attributes> replyPorts = reply.flatMap(tuple -> tuple.nested(TUPLE_PROTOCOL));
    if (source.isEmpty() || destination.isEmpty() || replySource.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Connection(
            protocol,
            source.get(),
            ports.get().port(SOURCE_PORT, 0),
            destination.get(),
            ports.get().port(DESTINATION_PORT, 0),
            replySource.get(),
            replyPorts.map(p -> p.port(SOURCE_PORT, 0)).orElse(0),
            entry.bytes(ID).map(b -> ByteBuffer.wrap(b).getInt()).orElse(0)));
  }

  private static Optional<InetAddress> address(Attributes ip, int ipv4, int ipv6) {
    return ip.address(ipv4).or(() -> ip.address(ipv6));
  }
}
