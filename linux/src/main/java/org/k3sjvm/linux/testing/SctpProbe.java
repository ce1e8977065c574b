package org.k3sjvm.linux.testing;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.syscall.SocketAddresses;
import org.k3sjvm.linux.syscall.SocketCalls;

/**
 * Sees whether SCTP gets somewhere, also where the kernel has none: the first packet of an
 * association is sent through one raw socket, and looked for at another. Source: RFC 9260, 3.3.2.
 */
public final class SctpProbe implements AutoCloseable {
  private static final int PROTOCOL = 132;
  private static final int IPV4_HEADER_BYTES = 20; // without options, as nobody sets any here
  private static final int CHECKSUM_AT = 8;
  private static final int TAG_AT = 16;
  private static final int INIT_BYTES = 32;
  private static final int BUFFER_BYTES = 256;
  private static final byte INIT = 1;
  private static final long LOOK_NANOS = Duration.ofMillis(5).toNanos();

  private final int fd;
  private final boolean ipv6;

  private SctpProbe(int fd, boolean ipv6) {
    this.fd = fd;
    this.ipv6 = ipv6;
  }

  /** Takes what comes to a host from now on. */
  public static SctpProbe open(TestNamespace host, boolean ipv6) throws Exception {
    return new SctpProbe(host.call(() -> socket(ipv6)), ipv6);
  }

  /**
   * Sends one packet from a host.
   *
   * @return the port at which it came out; empty when it did not within a time
   */
  public OptionalInt comesFrom(TestNamespace from, String target, int port, Duration limit)
      throws Exception {
    int tag = ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
    InetAddress address = IpAddresses.parse(target);
    from.call(
        () -> {
          send(address, init(port, tag));
          return tag;
        });
    long deadline = System.nanoTime() + limit.toNanos();
    do {
      OptionalInt came = look(tag);
      if (came.isPresent()) {
        return came;
      }
      LockSupport.parkNanos(LOOK_NANOS);
    } while (System.nanoTime() < deadline);
    return OptionalInt.empty();
  }

  @Override
  public void close() {
    var _ = SocketCalls.close(fd);
  }

  private OptionalInt look(int tag) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(BUFFER_BYTES);
      while (true) {
        long length = SocketCalls.receive(fd, buffer, SocketCalls.MSG_DONTWAIT);
        int header = ipv6 ? 0 : IPV4_HEADER_BYTES;
        if (length < 0) {
          return OptionalInt.empty();
        }
        ByteBuffer packet = buffer.asByteBuffer();
        if (length >= header + INIT_BYTES && packet.getInt(header + TAG_AT) == tag) {
          return OptionalInt.of(Short.toUnsignedInt(packet.getShort(header + 2)));
        }
      }
    }
  }

  private static void send(InetAddress target, byte[] packet) {
    int socket = socket(target.getAddress().length == 16);
    try (Arena arena = Arena.ofConfined()) {
      var _ = // refusals are silence, too
          SocketCalls.send(
              socket,
              arena.allocateFrom(ValueLayout.JAVA_BYTE, packet),
              SocketCalls.MSG_DONTWAIT,
              SocketAddresses.of(arena, target, 0));
    } finally {
      var _ = SocketCalls.close(socket);
    }
  }

  private static byte[] init(int port, int tag) {
    ByteBuffer packet = ByteBuffer.allocate(INIT_BYTES);
    packet.putShort((short) ThreadLocalRandom.current().nextInt(32_768, 60_000));
    packet.putShort((short) port).putInt(0).putInt(0);
    packet.put(INIT).put((byte) 0).putShort((short) (INIT_BYTES - 12));
    packet.putInt(tag).putInt(65_535).putShort((short) 1).putShort((short) 1).putInt(tag);
    CRC32C checksum = new CRC32C();
    checksum.update(packet.array());
    packet.order(ByteOrder.LITTLE_ENDIAN).putInt(CHECKSUM_AT, (int) checksum.getValue());
    return packet.array();
  }

  private static int socket(boolean ipv6) {
    int fd =
        SocketCalls.socket(
            ipv6 ? SocketCalls.AF_INET6 : SocketCalls.AF_INET,
            SocketCalls.SOCK_RAW | SocketCalls.SOCK_CLOEXEC,
            PROTOCOL);
    if (fd < 0) {
      throw LinuxException.of("open a raw socket for SCTP", -fd);
    }
    return fd;
  }
}
