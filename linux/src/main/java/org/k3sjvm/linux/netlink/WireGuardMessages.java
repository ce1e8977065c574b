package org.k3sjvm.linux.netlink;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.SecretKey;
import org.k3sjvm.linux.wireguard.WireGuardChange;
import org.k3sjvm.linux.wireguard.WireGuardDevice;
import org.k3sjvm.linux.wireguard.WireGuardDevice.PeerState;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

/** Messages of the generic netlink family {@code wireguard}. Source: linux/wireguard.h. */
final class WireGuardMessages {
  static final String FAMILY = "wireguard";

  private static final int GET_DEVICE = 0;
  private static final int SET_DEVICE = 1;

  private static final int DEVICE_LINK = 1;
  private static final int DEVICE_PRIVATE_KEY = 3;
  private static final int DEVICE_FLAGS = 5;
  private static final int DEVICE_LISTEN_PORT = 6;
  private static final int DEVICE_PEERS = 8;
  private static final int REPLACE_PEERS = 1;

  private static final int PEER_PUBLIC_KEY = 1;
  private static final int PEER_PRESHARED_KEY = 2;
  private static final int PEER_FLAGS = 3;
  private static final int PEER_ENDPOINT = 4;
  private static final int PEER_KEEPALIVE = 5;
  private static final int PEER_LAST_HANDSHAKE = 6;
  private static final int PEER_RECEIVED_BYTES = 7;
  private static final int PEER_SENT_BYTES = 8;
  private static final int PEER_ALLOWED_IPS = 9;
  private static final int REMOVE_ME = 1;
  private static final int REPLACE_ALLOWED_IPS = 2;

  private static final int IP_FAMILY = 1;
  private static final int IP_ADDRESS = 2;
  private static final int IP_PREFIX_LENGTH = 3;

  private static final int ELEMENT = 0; // the place in a list counts, not this number
  private static final int MESSAGE_BYTES = 16 << 10;
  private static final int DEVICE_BYTES = 256; // more than all but the peers
  private static final int PEER_BYTES = 256; // without its networks
  private static final int NETWORK_BYTES = 40;
  private static final int SOCKADDR_IN_BYTES = 16;
  private static final int SOCKADDR_IN6_BYTES = 28;
  private static final Comparator<Cidr> BY_TEXT = Comparator.comparing(Cidr::toString);
  private static final byte[] NO_KEY = new byte[PublicKey.BYTES];

  private WireGuardMessages() {}

  static byte[] get(int family, int link) {
    return GenericMessages.header(new Message(family, Message.REQUEST | Message.DUMP), GET_DEVICE)
        .attributeU32(DEVICE_LINK, link)
        .bytes();
  }

  /** Peers that do not fit into one message follow in others; only the first replaces. */
  static List<byte[]> set(int family, int link, WireGuardChange change) {
    Batch batch = new Batch(family, link);
    change.privateKey().ifPresent(k -> batch.message.attribute(DEVICE_PRIVATE_KEY, k.bytes()));
    if (change.replacePeers()) {
      batch.message.attributeU32(DEVICE_FLAGS, REPLACE_PEERS);
    }
    change.listenPort().ifPresent(p -> batch.message.attributeU16(DEVICE_LISTEN_PORT, p));
    change.set().forEach(batch::set);
    change.remove().forEach(batch::remove);
    return batch.finished();
  }

  /** The messages of one change, as they fill. */
  private static final class Batch {
    private final List<byte[]> full = new ArrayList<>();
    private final int family;
    private final int link;
    private Message message;
    private int peers;
    private int bytes;

    Batch(int family, int link) {
      this.family = family;
      this.link = link;
      this.message = begun();
    }

    void set(WireGuardPeer peer) {
      int element = beginPeer(PEER_BYTES + peer.allowedIps().size() * NETWORK_BYTES);
      message.attribute(PEER_PUBLIC_KEY, peer.key().bytes());
      message.attribute(PEER_PRESHARED_KEY, peer.preshared().map(SecretKey::bytes).orElse(NO_KEY));
      message.attributeU32(PEER_FLAGS, REPLACE_ALLOWED_IPS);
      peer.endpoint().ifPresent(at -> message.attribute(PEER_ENDPOINT, socketAddress(at)));
      message.attributeU16(PEER_KEEPALIVE, peer.keepaliveSeconds());
      int networks = message.beginNested(PEER_ALLOWED_IPS);
      peer.allowedIps().stream().sorted(BY_TEXT).forEach(this::addNetwork);
      message.end(networks).end(element);
    }

    void remove(PublicKey key) {
      int element = beginPeer(PEER_BYTES);
      message.attribute(PEER_PUBLIC_KEY, key.bytes()).attributeU32(PEER_FLAGS, REMOVE_ME);
      message.end(element);
    }

    List<byte[]> finished() {
      finishMessage();
      return full;
    }

    private void addNetwork(Cidr network) {
      int one = message.beginNested(ELEMENT);
      message
          .attributeU16(
              IP_FAMILY, network.isIpv6() ? AddressMessages.AF_INET6 : AddressMessages.AF_INET)
          .attribute(IP_ADDRESS, network.address())
          .attributeU8(IP_PREFIX_LENGTH, network.prefixLength())
          .end(one);
    }

    private int beginPeer(int atMostBytes) {
      if (bytes + atMostBytes > MESSAGE_BYTES) {
        finishMessage();
        message = begun();
      }
      bytes += atMostBytes;
      if (peers == 0) {
        peers = message.beginNested(DEVICE_PEERS);
      }
      return message.beginNested(ELEMENT);
    }

    private Message begun() {
      peers = 0;
      bytes = DEVICE_BYTES;
      return GenericMessages.header(
              new Message(family, Message.REQUEST | Message.ACK, MESSAGE_BYTES), SET_DEVICE)
          .attributeU32(DEVICE_LINK, link);
    }

    private void finishMessage() {
      if (peers != 0) {
        message.end(peers);
      }
      full.add(message.bytes());
    }
  }

  /** A dump tells a device in parts: peers of its later messages belong to that of the first. */
  static WireGuardDevice parse(List<ByteBuffer> messages) {
    Optional<SecretKey> privateKey = Optional.empty();
    int listenPort = 0;
    List<PeerState> peers = new ArrayList<>();
    for (ByteBuffer message : messages) {
      Attributes device = new Attributes(message.position(GenericMessages.BODY));
      privateKey = privateKey.or(() -> secret(device, DEVICE_PRIVATE_KEY));
      listenPort = device.u16(DEVICE_LISTEN_PORT, listenPort);
      for (Attributes element : device.elements(DEVICE_PEERS)) {
        PeerState peer = peer(element);
        if (!peers.isEmpty() && peers.getLast().settings().key().equals(peer.settings().key())) {
          peers.add(joined(peers.removeLast(), peer));
        } else {
          peers.add(peer);
        }
      }
    }
    return new WireGuardDevice(privateKey, listenPort, peers);
  }

  private static PeerState peer(Attributes peer) {
    PublicKey key =
        PublicKey.of(
            peer.bytes(PEER_PUBLIC_KEY)
                .filter(bytes -> bytes.length == PublicKey.BYTES)
                .orElseThrow(() -> new IllegalArgumentException("a peer without its public key")));
    Set<Cidr> networks = new LinkedHashSet<>();
    for (Attributes network : peer.elements(PEER_ALLOWED_IPS)) {
      network
          .address(IP_ADDRESS)
          .ifPresent(
              address -> networks.add(Cidr.containing(address, network.u8(IP_PREFIX_LENGTH, 0))));
    }
    return new PeerState(
        new WireGuardPeer(
            key,
            secret(peer, PEER_PRESHARED_KEY),
            peer.bytes(PEER_ENDPOINT).flatMap(WireGuardMessages::endpoint),
            peer.u16(PEER_KEEPALIVE, 0),
            networks),
        peer.bytes(PEER_LAST_HANDSHAKE).flatMap(WireGuardMessages::instant),
        peer.u64(PEER_RECEIVED_BYTES, 0),
        peer.u64(PEER_SENT_BYTES, 0));
  }

  /** The rest of a peer whose networks did not fit: it has nothing else. */
  private static PeerState joined(PeerState first, PeerState rest) {
    WireGuardPeer peer = first.settings();
    Set<Cidr> networks = new LinkedHashSet<>(peer.allowedIps());
    networks.addAll(rest.settings().allowedIps());
    return new PeerState(
        new WireGuardPeer(
            peer.key(), peer.preshared(), peer.endpoint(), peer.keepaliveSeconds(), networks),
        first.lastHandshake(),
        first.receivedBytes(),
        first.sentBytes());
  }

  /** The kernel says zeros for none. */
  private static Optional<SecretKey> secret(Attributes attributes, int type) {
    return attributes
        .bytes(type)
        .filter(bytes -> bytes.length == PublicKey.BYTES && !Arrays.equals(bytes, NO_KEY))
        .map(SecretKey::of);
  }

  /** As struct sockaddr_in or sockaddr_in6. */
  private static byte[] socketAddress(InetSocketAddress endpoint) {
    InetAddress address = endpoint.getAddress();
    boolean ipv6 = address.getAddress().length == 16;
    ByteBuffer bytes =
        ByteBuffer.allocate(ipv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES)
            .order(ByteOrder.nativeOrder())
            .putShort((short) (ipv6 ? AddressMessages.AF_INET6 : AddressMessages.AF_INET))
            .put((byte) (endpoint.getPort() >> 8))
            .put((byte) endpoint.getPort());
    if (ipv6) {
      bytes.putInt(0); // flow
    }
    return bytes.put(address.getAddress()).array();
  }

  private static Optional<InetSocketAddress> endpoint(byte[] bytes) {
    if (bytes.length < SOCKADDR_IN_BYTES) {
      return Optional.empty();
    }
    int family = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getShort();
    int port = Byte.toUnsignedInt(bytes[2]) << 8 | Byte.toUnsignedInt(bytes[3]);
    if (family == AddressMessages.AF_INET) {
      return Optional.of(
          new InetSocketAddress(Attributes.address(Arrays.copyOfRange(bytes, 4, 8)), port));
    }
    return family == AddressMessages.AF_INET6 && bytes.length >= SOCKADDR_IN6_BYTES
        ? Optional.of(
            new InetSocketAddress(Attributes.address(Arrays.copyOfRange(bytes, 8, 24)), port))
        : Optional.empty();
  }

  /** Of struct __kernel_timespec; zero is never. */
  private static Optional<Instant> instant(byte[] bytes) {
    if (bytes.length < 16) {
      return Optional.empty();
    }
    ByteBuffer time = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    Instant instant = Instant.ofEpochSecond(time.getLong(0), time.getLong(8));
    return Optional.of(instant).filter(one -> !one.equals(Instant.EPOCH));
  }
}
