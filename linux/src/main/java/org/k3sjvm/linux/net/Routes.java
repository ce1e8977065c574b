package org.k3sjvm.linux.net;

import java.net.InetAddress;
import java.util.List;
import java.util.OptionalInt;

/** Unicast routes of the main table. Faults are {@link org.k3sjvm.linux.LinuxException}s. */
public interface Routes {
  /** In the kernel's order. */
  List<Route> routes(boolean ipv6);

  /**
   * The index of the link over which packets to an address leave, by all tables and rules; of the
   * link that has the address when it is this host's own. Empty when there is no way.
   */
  OptionalInt linkTowards(InetAddress address);

  /** Makes it the route to its destination. */
  void replaceRoute(Route route);

  /** Succeeds when it is gone. */
  void removeRoute(Route route);
}
