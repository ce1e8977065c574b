package org.k3sjvm.linux.net;

import java.util.List;

/** Unicast routes of the main table. Faults are {@link org.k3sjvm.linux.LinuxException}s. */
public interface Routes {
  /** In the kernel's order. */
  List<Route> routes(boolean ipv6);

  /** Makes it the route to its destination. */
  void replaceRoute(Route route);

  /** Succeeds when it is gone. */
  void removeRoute(Route route);
}
