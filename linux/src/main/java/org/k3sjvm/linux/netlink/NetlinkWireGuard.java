package org.k3sjvm.linux.netlink;

import java.nio.ByteBuffer;
import java.util.List;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.k3sjvm.linux.wireguard.WireGuardChange;
import org.k3sjvm.linux.wireguard.WireGuardDevice;

/** {@link WireGuard} of the network namespace that its opener's thread is in. */
public final class NetlinkWireGuard implements WireGuard {
  private final NetlinkSocket socket;
  private final int family;

  private NetlinkWireGuard(NetlinkSocket socket, int family) {
    this.socket = socket;
    this.family = family;
  }

  /**
   * Opens the network namespace of the calling thread; later calls reach it from any thread. The
   * kernel loads its module for this.
   *
   * @throws LinuxException.Unsupported the kernel has no WireGuard; the message has the remedy
   */
  public static NetlinkWireGuard open() {
    NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.GENERIC);
    try {
      List<ByteBuffer> answer =
          socket.ask("find WireGuard", GenericMessages.findFamily(WireGuardMessages.FAMILY));
      if (answer.isEmpty()) {
        throw LinuxException.of("find WireGuard", Errno.ENOENT);
      }
      return new NetlinkWireGuard(socket, GenericMessages.parseFamily(answer.getFirst()));
    } catch (LinuxException.NotFound e) {
      socket.close();
      throw new LinuxException.Unsupported(
          "the kernel has no WireGuard: 'modprobe wireguard' must succeed (Linux 5.6 and later have"
              + " the module, some in a package of its own, such as linux-modules-extra)",
          e.errno());
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  @Override
  public WireGuardDevice device(int link) {
    return WireGuardMessages.parse(
        socket.ask("look at WireGuard link #" + link, WireGuardMessages.get(family, link)));
  }

  @Override
  public void change(int link, WireGuardChange change) {
    for (byte[] message : WireGuardMessages.set(family, link, change)) {
      socket.send("set up WireGuard link #" + link, message);
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
