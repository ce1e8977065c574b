package org.k3sjvm.linux.netlink;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.ForwardingEntry;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.Neighbour;
import org.k3sjvm.linux.net.NetworkChanges;
import org.k3sjvm.linux.net.Route;
import org.k3sjvm.linux.net.VxlanSettings;

/** {@link HostNetwork} of the network namespace that its opener's thread is in. */
public final class NetlinkNetwork implements HostNetwork {
  private final NetlinkSocket socket;

  private NetlinkNetwork(NetlinkSocket socket) {
    this.socket = socket;
  }

  /**
   * Opens the network namespace of the calling thread; later calls reach it from any thread.
   *
   * @throws LinuxException when there is no netlink here
   */
  public static NetlinkNetwork open() {
    return new NetlinkNetwork(NetlinkSocket.open(NetlinkSocket.ROUTE));
  }

  /** Watches the network namespace of the calling thread, which must be the opener's. */
  @Override
  public NetworkChanges watch() {
    return NetlinkChanges.open();
  }

  @Override
  public List<Link> links() {
    return socket.ask("list links", LinkMessages.dump()).stream().map(LinkMessages::parse).toList();
  }

  @Override
  public Optional<Link> link(String name) {
    return oneLink("find link " + name, LinkMessages.get(name));
  }

  @Override
  public Optional<Link> link(int index) {
    return oneLink("find link #" + index, LinkMessages.get(index));
  }

  @Override
  public void createVxlan(String name, MacAddress mac, int mtuBytes, VxlanSettings settings) {
    socket.send("create link " + name, LinkMessages.createVxlan(name, mac, mtuBytes, settings));
  }

  @Override
  public void createWireGuard(String name, int mtuBytes) {
    socket.send("create link " + name, LinkMessages.createWireGuard(name, mtuBytes));
  }

  @Override
  public void setUp(int link) {
    socket.send("switch on link #" + link, LinkMessages.setUp(link));
  }

  @Override
  public void setMtu(int link, int mtuBytes) {
    socket.send(
        "set the MTU of link #" + link + " to " + mtuBytes, LinkMessages.setMtu(link, mtuBytes));
  }

  @Override
  public void setLearning(int link, boolean learning) {
    socket.send("set learning of link #" + link, LinkMessages.setLearning(link, learning));
  }

  @Override
  public void deleteLink(int link) {
    remove("delete link #" + link, LinkMessages.delete(link));
  }

  @Override
  public List<InterfaceAddress> addresses(int link) {
    return socket.ask("list addresses", AddressMessages.dump()).stream()
        .map(AddressMessages::parse)
        .flatMap(Optional::stream)
        .filter(address -> address.link() == link)
        .toList();
  }

  @Override
  public void addAddress(InterfaceAddress address) {
    try {
      socket.send(
          "add address " + address + " to link #" + address.link(), AddressMessages.add(address));
    } catch (LinuxException.AlreadyExists e) {
      // the wanted state holds
    }
  }

  @Override
  public void removeAddress(InterfaceAddress address) {
    remove(
        "remove address " + address + " from link #" + address.link(),
        AddressMessages.remove(address));
  }

  @Override
  public List<Route> routes(boolean ipv6) {
    return socket.ask("list routes", RouteMessages.dump(ipv6)).stream()
        .map(RouteMessages::parse)
        .flatMap(Optional::stream)
        .toList();
  }

  @Override
  public OptionalInt linkTowards(InetAddress address) {
    List<ByteBuffer> answer;
    try {
      answer =
          socket.ask("find the way to " + address.getHostAddress(), RouteMessages.get(address));
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENETUNREACH || e.errno() == Errno.EHOSTUNREACH) {
        return OptionalInt.empty();
      }
      throw e;
    }
    if (answer.stream().anyMatch(RouteMessages::isLocal)) {
      return links().stream()
          .mapToInt(Link::index)
          .filter(link -> addresses(link).stream().anyMatch(one -> one.address().equals(address)))
          .findFirst();
    }
    return answer.stream().mapToInt(RouteMessages::parseLink).filter(link -> link > 0).findFirst();
  }

  @Override
  public void replaceRoute(Route route) {
    socket.send("set route " + route, RouteMessages.replace(route));
  }

  @Override
  public void removeRoute(Route route) {
    remove("remove route " + route, RouteMessages.remove(route));
  }

  @Override
  public List<Neighbour> neighbours(int link) {
    return Stream.of(false, true)
        .flatMap(ipv6 -> socket.ask("list neighbours", NeighbourMessages.dump(ipv6)).stream())
        .map(NeighbourMessages::parse)
        .flatMap(Optional::stream)
        .filter(neighbour -> neighbour.link() == link)
        .toList();
  }

  @Override
  public void replaceNeighbour(Neighbour neighbour) {
    socket.send("set neighbour " + neighbour, NeighbourMessages.replace(neighbour));
  }

  @Override
  public void removeNeighbour(Neighbour neighbour) {
    remove("remove neighbour " + neighbour, NeighbourMessages.remove(neighbour));
  }

  @Override
  public List<ForwardingEntry> forwarding(int link) {
    return socket
        .ask("list forwarding entries of link #" + link, NeighbourMessages.dumpForwarding(link))
        .stream()
        .map(NeighbourMessages::parseForwarding)
        .flatMap(Optional::stream)
        .filter(entry -> entry.link() == link)
        .toList();
  }

  @Override
  public void replaceForwarding(ForwardingEntry entry) {
    socket.send("set forwarding entry " + entry, NeighbourMessages.replace(entry));
  }

  @Override
  public void removeForwarding(ForwardingEntry entry) {
    remove("remove forwarding entry " + entry, NeighbourMessages.remove(entry));
  }

  @Override
  public void close() {
    socket.close();
  }

  private Optional<Link> oneLink(String attempt, byte[] message) {
    try {
      return socket.ask(attempt, message).stream().findFirst().map(LinkMessages::parse);
    } catch (LinuxException.NotFound e) {
      return Optional.empty();
    }
  }

  /** What is gone already is removed: the kernel says so with several numbers. */
  private void remove(String attempt, byte[] message) {
    try {
      socket.send(attempt, message);
    } catch (LinuxException.NotFound e) {
      // the wanted state holds
    } catch (LinuxException.Failed e) {
      if (e.errno() != Errno.ENETUNREACH) {
        throw e;
      }
    }
  }
}
