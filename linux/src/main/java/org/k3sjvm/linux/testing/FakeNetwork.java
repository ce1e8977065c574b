package org.k3sjvm.linux.testing;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.k3sjvm.base.net.Cidr;
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

/**
 * A network namespace in memory. It keeps what it was given, refuses what the kernel would refuse,
 * and prints itself as the {@code ip} and {@code bridge} commands that would make it.
 */
public final class FakeNetwork implements HostNetwork {
  private static final int DEFAULT_VXLAN_PORT = 8472;

  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<Integer, Link> links = new TreeMap<>();

  @GuardedBy("lock")
  private final List<InterfaceAddress> addresses = new ArrayList<>();

  @GuardedBy("lock")
  private final List<Route> routes = new ArrayList<>();

  @GuardedBy("lock")
  private final List<Neighbour> neighbours = new ArrayList<>();

  @GuardedBy("lock")
  private final List<ForwardingEntry> forwarding = new ArrayList<>();

  @GuardedBy("lock")
  private final Map<String, LinuxException> failures = new TreeMap<>();

  @GuardedBy("lock")
  private int nextIndex = 1;

  @GuardedBy("lock")
  private long generation;

  /** Adds an interface that is up; its index. */
  public int addLink(String name, String kind, int mtuBytes) {
    synchronized (lock) {
      int index = nextIndex++;
      MacAddress mac = MacAddress.parse("02:00:00:00:00:%02x".formatted(index));
      links.put(
          index, new Link(index, name, kind, Optional.of(mac), mtuBytes, true, Optional.empty()));
      generation++;
      return index;
    }
  }

  /** Switches an interface off, with what the kernel drops then. */
  public void setDown(int link) {
    synchronized (lock) {
      Link old = existing("switch off", link);
      links.put(
          link,
          new Link(link, old.name(), old.kind(), old.mac(), old.mtuBytes(), false, old.vxlan()));
      routes.removeIf(route -> route.link() == link);
      neighbours.removeIf(neighbour -> neighbour.link() == link);
      generation++;
    }
  }

  /** The next call of a method of this name throws. */
  public void failNext(String method, LinuxException failure) {
    synchronized (lock) {
      failures.put(method, failure);
    }
  }

  /** The state as commands, one a line. */
  public String asCommands() {
    synchronized (lock) {
      StringBuilder text = new StringBuilder();
      for (Link link : links.values()) {
        describe(link, text);
      }
      neighbours.forEach(
          n ->
              line(
                  text,
                  "ip neigh replace %s lladdr %s nud permanent dev %s",
                  n.address().getHostAddress(),
                  n.mac(),
                  name(n.link())));
      forwarding.forEach(
          f ->
              line(
                  text,
                  "bridge fdb replace %s dev %s dst %s self permanent",
                  f.mac(),
                  name(f.link()),
                  f.destination().getHostAddress()));
      routes.forEach(
          r ->
              line(
                  text,
                  "ip route replace %s%s dev %s%s",
                  r.destination(),
                  r.via().map(hop -> " via " + hop.getHostAddress()).orElse(""),
                  name(r.link()),
                  r.onlink() ? " onlink" : ""));
      return text.toString();
    }
  }

  @Override
  public NetworkChanges watch() {
    return new NetworkChanges() {
      private long seen = current();

      @Override
      public boolean changed() {
        long now = current();
        boolean changed = now != seen;
        seen = now;
        return changed;
      }

      @Override
      public void close() {
        seen = current();
      }
    };
  }

  private long current() {
    synchronized (lock) {
      return generation;
    }
  }

  @Override
  public List<Link> links() {
    synchronized (lock) {
      return List.copyOf(links.values());
    }
  }

  @Override
  public Optional<Link> link(String name) {
    return links().stream().filter(link -> link.name().equals(name)).findFirst();
  }

  @Override
  public Optional<Link> link(int index) {
    return links().stream().filter(link -> link.index() == index).findFirst();
  }

  @Override
  public void createVxlan(String name, MacAddress mac, int mtuBytes, VxlanSettings settings) {
    synchronized (lock) {
      throwIfTold("createVxlan");
      if (settings.lowerLink() != 0) {
        existing("create link " + name, settings.lowerLink());
      }
      VxlanSettings real = withPort(settings);
      if (link(name).isPresent() || links.values().stream().anyMatch(l -> clashes(l, real))) {
        throw LinuxException.of("create link " + name, Errno.EEXIST);
      }
      int index = nextIndex++;
      links.put(
          index,
          new Link(index, name, "vxlan", Optional.of(mac), mtuBytes, false, Optional.of(real)));
      generation++;
    }
  }

  @Override
  public void createWireGuard(String name, int mtuBytes) {
    synchronized (lock) {
      throwIfTold("createWireGuard");
      if (link(name).isPresent()) {
        throw LinuxException.of("create link " + name, Errno.EEXIST);
      }
      int index = nextIndex++;
      links.put(
          index,
          new Link(
              index, name, Link.WIREGUARD, Optional.empty(), mtuBytes, false, Optional.empty()));
      generation++;
    }
  }

  @Override
  public void setUp(int link) {
    synchronized (lock) {
      throwIfTold("setUp");
      Link old = existing("switch on", link);
      links.put(
          link,
          new Link(link, old.name(), old.kind(), old.mac(), old.mtuBytes(), true, old.vxlan()));
      generation++;
    }
  }

  @Override
  public void setMtu(int link, int mtuBytes) {
    synchronized (lock) {
      throwIfTold("setMtu");
      Link old = existing("set the MTU of", link);
      links.put(
          link, new Link(link, old.name(), old.kind(), old.mac(), mtuBytes, old.up(), old.vxlan()));
      generation++;
    }
  }

  @Override
  public void setLearning(int link, boolean learning) {
    synchronized (lock) {
      throwIfTold("setLearning");
      Link old = existing("set learning of", link);
      Optional<VxlanSettings> settings =
          old.vxlan()
              .map(
                  v ->
                      new VxlanSettings(
                          v.vni(),
                          v.lowerLink(),
                          v.local(),
                          v.group(),
                          v.port(),
                          learning,
                          v.gbp()));
      links.put(
          link,
          new Link(link, old.name(), old.kind(), old.mac(), old.mtuBytes(), old.up(), settings));
      generation++;
    }
  }

  @Override
  public void deleteLink(int link) {
    synchronized (lock) {
      throwIfTold("deleteLink");
      List<Integer> gone = new ArrayList<>(List.of(link));
      links.values().stream()
          .filter(l -> l.vxlan().filter(v -> v.lowerLink() == link).isPresent())
          .forEach(l -> gone.add(l.index()));
      links.keySet().removeAll(gone);
      addresses.removeIf(address -> gone.contains(address.link()));
      routes.removeIf(route -> gone.contains(route.link()));
      neighbours.removeIf(neighbour -> gone.contains(neighbour.link()));
      forwarding.removeIf(entry -> gone.contains(entry.link()));
      generation++;
    }
  }

  @Override
  public List<InterfaceAddress> addresses(int link) {
    synchronized (lock) {
      return addresses.stream().filter(address -> address.link() == link).toList();
    }
  }

  @Override
  public void addAddress(InterfaceAddress address) {
    synchronized (lock) {
      throwIfTold("addAddress");
      existing("add address " + address + " to", address.link());
      if (addresses.stream().noneMatch(address::sameAs)) {
        addresses.add(address);
        generation++;
      }
    }
  }

  @Override
  public void removeAddress(InterfaceAddress address) {
    synchronized (lock) {
      throwIfTold("removeAddress");
      if (addresses.removeIf(address::sameAs)) {
        generation++;
      }
    }
  }

  @Override
  public List<Route> routes(boolean ipv6) {
    synchronized (lock) {
      return routes.stream().filter(route -> route.destination().isIpv6() == ipv6).toList();
    }
  }

  @Override
  public OptionalInt linkTowards(InetAddress address) {
    synchronized (lock) {
      OptionalInt own =
          addresses.stream()
              .filter(one -> one.address().equals(address))
              .mapToInt(InterfaceAddress::link)
              .findFirst();
      return own.isPresent()
          ? own
          : Stream.concat(
                  routes.stream(),
                  addresses.stream()
                      .map(
                          one ->
                              new Route(
                                  Cidr.containing(one.address(), one.prefixLength()),
                                  Optional.empty(),
                                  one.link(),
                                  false)))
              .filter(route -> route.destination().contains(address))
              .max(Comparator.comparingInt(route -> route.destination().prefixLength()))
              .map(route -> OptionalInt.of(route.link()))
              .orElseGet(OptionalInt::empty);
    }
  }

  @Override
  public void replaceRoute(Route route) {
    synchronized (lock) {
      throwIfTold("replaceRoute");
      if (!existing("set route " + route + " on", route.link()).up()) {
        throw LinuxException.of("set route " + route, Errno.ENETDOWN);
      }
      routes.removeIf(other -> other.destination().equals(route.destination()));
      routes.add(route);
    }
  }

  @Override
  public void removeRoute(Route route) {
    synchronized (lock) {
      throwIfTold("removeRoute");
      routes.removeIf(
          other ->
              other.destination().equals(route.destination())
                  && other.link() == route.link()
                  && other.via().equals(route.via()));
    }
  }

  @Override
  public List<Neighbour> neighbours(int link) {
    synchronized (lock) {
      return neighbours.stream().filter(neighbour -> neighbour.link() == link).toList();
    }
  }

  @Override
  public void replaceNeighbour(Neighbour neighbour) {
    synchronized (lock) {
      throwIfTold("replaceNeighbour");
      existing("set neighbour " + neighbour + " on", neighbour.link());
      removeNeighbour(neighbour);
      neighbours.add(neighbour);
    }
  }

  @Override
  public void removeNeighbour(Neighbour neighbour) {
    synchronized (lock) {
      neighbours.removeIf(
          other -> other.link() == neighbour.link() && other.address().equals(neighbour.address()));
    }
  }

  @Override
  public List<ForwardingEntry> forwarding(int link) {
    synchronized (lock) {
      return forwarding.stream().filter(entry -> entry.link() == link).toList();
    }
  }

  @Override
  public void replaceForwarding(ForwardingEntry entry) {
    synchronized (lock) {
      throwIfTold("replaceForwarding");
      existing("set forwarding entry " + entry + " on", entry.link());
      forwarding.removeIf(other -> other.link() == entry.link() && other.mac().equals(entry.mac()));
      forwarding.add(entry);
    }
  }

  @Override
  public void removeForwarding(ForwardingEntry entry) {
    synchronized (lock) {
      forwarding.remove(entry);
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      failures.clear();
    }
  }

  @GuardedBy("lock")
  private void describe(Link link, StringBuilder text) {
    link.vxlan()
        .ifPresent(
            v ->
                line(
                    text,
                    "ip link add %s address %s mtu %s type vxlan id %s%s%s dstport %s%s",
                    link.name(),
                    link.mac().map(MacAddress::value).orElse(""),
                    link.mtuBytes(),
                    v.vni(),
                    v.lowerLink() == 0 ? "" : " dev " + name(v.lowerLink()),
                    v.local().map(local -> " local " + local.getHostAddress()).orElse(""),
                    v.port(),
                    v.learning() ? "" : " nolearning"));
    if (link.kind().equals(Link.WIREGUARD)) {
      line(text, "ip link add %s mtu %s type wireguard", link.name(), link.mtuBytes());
    }
    addresses.stream()
        .filter(address -> address.link() == link.index())
        .forEach(address -> line(text, "ip addr add %s dev %s", address, link.name()));
    if ((link.vxlan().isPresent() || link.kind().equals(Link.WIREGUARD)) && link.up()) {
      line(text, "ip link set %s up", link.name());
    }
  }

  @GuardedBy("lock")
  private String name(int link) {
    Link found = links.get(link);
    return found == null ? "#" + link : found.name();
  }

  @GuardedBy("lock")
  private Link existing(String attempt, int link) {
    Link found = links.get(link);
    if (found == null) {
      throw LinuxException.of(attempt + " link #" + link, Errno.ENODEV);
    }
    return found;
  }

  @GuardedBy("lock")
  private void throwIfTold(String method) {
    LinuxException failure = failures.remove(method);
    if (failure != null) {
      throw failure;
    }
  }

  private static VxlanSettings withPort(VxlanSettings v) {
    return new VxlanSettings(
        v.vni(),
        v.lowerLink(),
        v.local(),
        v.group(),
        v.port() == 0 ? DEFAULT_VXLAN_PORT : v.port(),
        v.learning(),
        v.gbp());
  }

  /** The kernel takes a VNI once for each port and family. */
  private static boolean clashes(Link link, VxlanSettings wanted) {
    return link.vxlan()
        .filter(v -> v.vni() == wanted.vni() && v.port() == wanted.port())
        .filter(v -> isIpv6(v) == isIpv6(wanted))
        .isPresent();
  }

  private static boolean isIpv6(VxlanSettings settings) {
    return settings.local().filter(local -> local.getAddress().length == 16).isPresent();
  }

  @FormatMethod
  private static void line(StringBuilder text, String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
