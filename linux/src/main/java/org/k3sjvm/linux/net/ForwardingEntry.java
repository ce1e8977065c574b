package org.k3sjvm.linux.net;

import java.net.InetAddress;

/**
 * Where a VXLAN device sends frames for a MAC address, known for good (self permanent).
 *
 * @param link index of the VXLAN device
 * @param destination host that the outer packet goes to
 */
public record ForwardingEntry(int link, MacAddress mac, InetAddress destination) {
  @Override
  public String toString() {
    return mac + " dst " + destination.getHostAddress() + " dev #" + link;
  }
}
