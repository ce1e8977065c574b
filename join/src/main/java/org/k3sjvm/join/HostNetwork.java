package org.k3sjvm.join;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** The interfaces and default routes of this host, as they are now. */
public interface HostNetwork {
  /**
   * An interface that is up.
   *
   * @param addresses in the kernel's order, the primary ones first
   */
  record Interface(String name, List<InetAddress> addresses) {
    public Interface {
      addresses = List.copyOf(addresses);
    }
  }

  List<Interface> interfaces();

  /** Name of the interface with the default route of least metric. */
  Optional<String> defaultRouteInterface(boolean ipv6);
}
