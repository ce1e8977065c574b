package org.k3sjvm.join;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads {@link NetworkInterface} and the kernel's route tables under {@code /proc/net}. */
public final class LinuxHostNetwork implements HostNetwork {
  private static final Pattern BLANKS = Pattern.compile("\\s+");
  private static final int HEX = 16;

  @Override
  public List<Interface> interfaces() {
    try {
      List<Interface> result = new ArrayList<>();
      for (NetworkInterface nic : NetworkInterface.networkInterfaces().toList()) {
        if (nic.isUp()) {
          result.add(new Interface(nic.getName(), addresses(nic)));
        }
      }
      return List.copyOf(result);
    } catch (SocketException e) {
      throw new UncheckedIOException("cannot list the network interfaces", e);
    }
  }

  /** The JDK collects addresses front to back, so its list is the kernel's in reverse. */
  private static List<InetAddress> addresses(NetworkInterface nic) {
    return nic.getInterfaceAddresses().reversed().stream()
        .map(InterfaceAddress::getAddress)
        .map(LinuxHostNetwork::withoutScope)
        .toList();
  }

  /** An address learned from an interface prints as {@code fe80::1%eth0} otherwise. */
  private static InetAddress withoutScope(InetAddress address) {
    try {
      return InetAddress.getByAddress(address.getAddress());
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Optional<String> defaultRouteInterface(boolean ipv6) {
    Path table = Path.of(ipv6 ? "/proc/net/ipv6_route" : "/proc/net/route");
    try {
      List<String> lines = Files.readAllLines(table);
      return ipv6 ? defaultRoute6(lines) : defaultRoute4(lines);
    } catch (IOException e) {
      return Optional.empty(); // a kernel without this family has no such file
    }
  }

  private record Route(String iface, long metric) {}

  /** Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask. Source: proc(5). */
  static Optional<String> defaultRoute4(List<String> lines) {
    List<Route> routes = new ArrayList<>();
    for (String line : lines) {
      String[] columns = BLANKS.split(line.strip(), -1);
      if (columns.length >= 8 && isZero(columns[1]) && isZero(columns[7]) && isUp(columns[3])) {
        routes.add(new Route(columns[0], Long.parseLong(columns[6])));
      }
    }
    return least(routes);
  }

  /**
   * Columns: destination, its prefix length, source, its prefix length, next hop, metric, use
   * counters, flags, device. Source: Linux net/ipv6/route.c, rt6_info_route.
   */
  static Optional<String> defaultRoute6(List<String> lines) {
    List<Route> routes = new ArrayList<>();
    for (String line : lines) {
      String[] columns = BLANKS.split(line.strip(), -1);
      if (columns.length >= 10
          && isZero(columns[0])
          && isZero(columns[1])
          && isUp(columns[8])
          && !columns[9].equals("lo")) {
        routes.add(new Route(columns[9], Long.parseLong(columns[5], HEX)));
      }
    }
    return least(routes);
  }

  private static Optional<String> least(List<Route> routes) {
    return routes.stream().min(Comparator.comparingLong(Route::metric)).map(Route::iface);
  }

  private static boolean isZero(String hex) {
    return !hex.isEmpty() && hex.chars().allMatch(c -> c == '0');
  }

  /** RTF_UP is the lowest bit of the flags. */
  private static boolean isUp(String flagsHex) {
    return (Long.parseLong(flagsHex, HEX) & 1) != 0;
  }
}
