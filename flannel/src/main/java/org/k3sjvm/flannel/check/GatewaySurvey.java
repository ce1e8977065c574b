package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.flannel.plan.Entries;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.Route;

/**
 * What the kernel has of a network whose hosts are each other's gateways.
 *
 * @param uplink the interface that the hosts share
 * @param own addresses of it
 */
record GatewaySurvey(HostNetwork network, Family family, Link uplink, List<InterfaceAddress> own) {
  GatewaySurvey {
    own = List.copyOf(own);
  }

  /** On the interface that has one of these addresses; empty when none has. */
  static Optional<GatewaySurvey> at(
      HostNetwork network, Family family, List<InetAddress> addresses) {
    for (InetAddress wanted : addresses) {
      for (Link link : network.links()) {
        List<InterfaceAddress> all =
            network.addresses(link.index()).stream()
                .filter(one -> Family.of(one.address()) == family)
                .toList();
        if (all.stream().anyMatch(one -> one.address().equals(wanted))) {
          return Optional.of(new GatewaySurvey(network, family, link, all));
        }
      }
    }
    return Optional.empty();
  }

  /** Whether a host is on a network of ours, so that it can be the next hop. */
  boolean isNeighbour(InetAddress host) {
    return own.stream()
        .anyMatch(one -> Cidr.containing(one.address(), one.prefixLength()).contains(host));
  }

  /** Routes that a peer needs and the kernel has not, and what is in their place. */
  List<String> differences(Peer peer) {
    List<Route> routes = network.routes(family.isIpv6());
    List<String> missing = new ArrayList<>();
    for (Route wanted : Entries.wantedOnUplink(List.of(peer), uplink.index()).routes()) {
      if (!routes.contains(wanted)) {
        String instead =
            routes.stream()
                .filter(route -> route.destination().equals(wanted.destination()))
                .findFirst()
                .map(route -> "; there is " + text(route))
                .orElse("");
        missing.add("route " + text(wanted) + instead);
      }
    }
    return missing;
  }

  private String text(Route route) {
    String link = network.link(route.link()).map(Link::name).orElse("#" + route.link());
    return route.toString().replace("dev #" + route.link(), "dev " + link);
  }
}
