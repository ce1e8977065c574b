package org.k3sjvm.linux.netlink;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Connection;
import org.k3sjvm.linux.filter.Connections;

/** {@link Connections} of the network namespace that its opener's thread is in. */
public final class NetlinkConnections implements Connections {
  private final NetlinkSocket socket;

  private NetlinkConnections(NetlinkSocket socket) {
    this.socket = socket;
  }

  /** Opens the network namespace of the calling thread; later calls reach it from any thread. */
  public static NetlinkConnections open() {
    return new NetlinkConnections(NetlinkSocket.open(NetlinkSocket.NETFILTER));
  }

  @Override
  public List<Connection> select(boolean ipv6, int protocol, Predicate<Connection> wanted) {
    List<Connection> found = new ArrayList<>();
    socket.stream(
        "list tracked connections",
        ConnectionMessages.dump(ipv6),
        message ->
            ConnectionMessages.parse(message, protocol).filter(wanted).ifPresent(found::add));
    return List.copyOf(found);
  }

  @Override
  public boolean delete(Connection connection) {
    try {
      socket.send("forget connection " + connection, ConnectionMessages.delete(connection));
      return true;
    } catch (LinuxException.NotFound e) {
      return false;
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
