package org.k3sjvm.linux.echo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.syscall.SocketAddresses;
import org.k3sjvm.linux.syscall.SocketCalls;

/**
 * Sees the VXLAN packets that an interface receives and sends, before any packet filter of this
 * host does. On a busy interface it may miss some. One thread at a time.
 */
public final class VxlanTap implements AutoCloseable {
  private static final int ETH_P_IP = 0x0800;
  private static final int ETH_P_IPV6 = 0x86dd;
  private static final int SOL_SOCKET = 1;
  private static final int SO_ATTACH_FILTER = 26;
  private static final int UDP = 17;
  private static final int KEPT_BYTES = 128; // headers
  private static final int MOST_AT_ONCE = 4096;

  // Classic BPF. Source: linux/bpf_common.h.
  private static final int LOAD_BYTE = 0x30;
  private static final int LOAD_HALF = 0x28;
  private static final int LOAD_HALF_AT_X = 0x48;
  private static final int LOAD_X_HEADER_LENGTH = 0xb1;
  private static final int JUMP_EQUAL = 0x15;
  private static final int JUMP_ANY_BIT = 0x45;
  private static final int RETURN = 0x06;
  private static final int FRAGMENT_OFFSET_MASK = 0x1fff;

  /** Code, jump if true, jump if false, operand. */
  private static int[][] ipv4(int port) {
    return new int[][] {
      {LOAD_BYTE, 0, 0, 9}, // protocol
      {JUMP_EQUAL, 0, 6, UDP},
      {LOAD_HALF, 0, 0, 6},
      {JUMP_ANY_BIT, 4, 0, FRAGMENT_OFFSET_MASK},
      {LOAD_X_HEADER_LENGTH, 0, 0, 0},
      {LOAD_HALF_AT_X, 0, 0, 2}, // destination port
      {JUMP_EQUAL, 0, 1, port},
      {RETURN, 0, 0, KEPT_BYTES},
      {RETURN, 0, 0, 0},
    };
  }

  private static int[][] ipv6(int port) {
    return new int[][] {
      {LOAD_BYTE, 0, 0, 6}, // next header
      {JUMP_EQUAL, 0, 3, UDP},
      {LOAD_HALF, 0, 0, 42}, // destination port
      {JUMP_EQUAL, 0, 1, port},
      {RETURN, 0, 0, KEPT_BYTES},
      {RETURN, 0, 0, 0},
    };
  }

  private final int fd;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(KEPT_BYTES, Long.BYTES);

  private VxlanTap(int fd) {
    this.fd = fd;
  }

  /**
   * Opens an interface in the network namespace of the calling thread.
   *
   * @param ipv6 the family of the outer packets
   * @param port UDP destination of the packets to see
   * @throws LinuxException.Denied without CAP_NET_RAW
   */
  public static VxlanTap open(Link link, boolean ipv6, int port) {
    // Protocol 0 receives nothing until the filter is there and bind names a protocol.
    int fd =
        SocketCalls.socket(
            SocketCalls.AF_PACKET, SocketCalls.SOCK_DGRAM | SocketCalls.SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw LinuxException.of("open a packet socket", -fd);
    }
    try (Arena confined = Arena.ofConfined()) {
      int filtered =
          SocketCalls.setOption(
              fd, SOL_SOCKET, SO_ATTACH_FILTER, program(confined, ipv6 ? ipv6(port) : ipv4(port)));
      int bound =
          filtered < 0
              ? filtered
              : SocketCalls.bind(
                  fd, SocketAddresses.ofLink(confined, link.index(), ipv6 ? ETH_P_IPV6 : ETH_P_IP));
      if (bound < 0) {
        SocketCalls.close(fd);
        throw LinuxException.of("listen to packets of " + link.name(), -bound);
      }
    }
    return new VxlanTap(fd);
  }

  /** Those since the last look; does not wait. */
  public List<VxlanPacket> look() {
    List<VxlanPacket> seen = new ArrayList<>();
    for (int i = 0; i < MOST_AT_ONCE; i++) {
      long length = SocketCalls.receive(fd, buffer, SocketCalls.MSG_DONTWAIT);
      if (length < 0) {
        return seen;
      }
      VxlanPacket.parse(buffer.asSlice(0, Math.min(length, KEPT_BYTES)).asByteBuffer())
          .ifPresent(seen::add);
    }
    return seen;
  }

  @Override
  public void close() {
    SocketCalls.close(fd);
    arena.close();
  }

  /** A struct sock_fprog and what it points to. */
  private static MemorySegment program(Arena arena, int[][] steps) {
    MemorySegment code = arena.allocate(8L * steps.length, Long.BYTES);
    for (int i = 0; i < steps.length; i++) {
      code.set(ValueLayout.JAVA_SHORT, 8L * i, (short) steps[i][0]);
      code.set(ValueLayout.JAVA_BYTE, 8L * i + 2, (byte) steps[i][1]);
      code.set(ValueLayout.JAVA_BYTE, 8L * i + 3, (byte) steps[i][2]);
      code.set(ValueLayout.JAVA_INT, 8L * i + 4, steps[i][3]);
    }
    MemorySegment program = arena.allocate(16, Long.BYTES);
    program.set(ValueLayout.JAVA_SHORT, 0, (short) steps.length);
    program.set(ValueLayout.ADDRESS, 8, code);
    return program;
  }
}
