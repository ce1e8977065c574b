package org.k3sjvm.flannel.backend;

import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.net.Link;

/** The address of a tunnel's end: only a source for the node's own packets. */
final class DeviceAddress {
  private DeviceAddress() {}

  /** Makes it the only one of its family that is in the way of pods' addresses. */
  static void ensure(HostNetwork network, Link link, Cidr subnet, Cidr clusterNetwork) {
    Family family = Family.of(subnet);
    InterfaceAddress wanted =
        InterfaceAddress.of(link.index(), subnet.address(), family.hostPrefixLength());
    boolean there = false;
    for (InterfaceAddress address : network.addresses(link.index())) {
      if (address.sameAs(wanted)) {
        there = true;
      } else if (Family.of(address.address()) == family && isInTheWay(address, clusterNetwork)) {
        network.removeAddress(address);
      }
    }
    if (!there) {
      network.addAddress(wanted);
    }
  }

  private static boolean isInTheWay(InterfaceAddress address, Cidr clusterNetwork) {
    return address.isIpv6()
        ? !address.address().isLinkLocalAddress()
        : clusterNetwork.contains(address.address());
  }
}
