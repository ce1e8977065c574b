package org.k3sjvm.linux.net;

import java.net.InetAddress;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;

/**
 * A unicast route of the main table.
 *
 * @param destination {@code 0.0.0.0/0} or {@code ::/0} for the default route
 * @param via the next hop; empty for what is on the link
 * @param link index of the interface; 0 for a route over several
 * @param onlink take the next hop for a neighbour, whatever the addresses say
 */
public record Route(Cidr destination, Optional<InetAddress> via, int link, boolean onlink) {
  public boolean isDefault() {
    return destination.prefixLength() == 0;
  }

  @Override
  public String toString() {
    return destination
        + via.map(hop -> " via " + hop.getHostAddress()).orElse("")
        + " dev #"
        + link
        + (onlink ? " onlink" : "");
  }
}
