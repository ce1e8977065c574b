package org.k3sjvm.linux.net;

import java.net.InetAddress;

/**
 * The MAC address of an IP address on a link, known for good (nud permanent).
 *
 * @param link index of the interface
 */
public record Neighbour(int link, InetAddress address, MacAddress mac) {
  @Override
  public String toString() {
    return address.getHostAddress() + " lladdr " + mac + " dev #" + link;
  }
}
