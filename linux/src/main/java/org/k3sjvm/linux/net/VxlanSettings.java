package org.k3sjvm.linux.net;

import java.net.InetAddress;
import java.util.Optional;

/**
 * What makes a VXLAN device.
 *
 * @param vni network identifier, 24 bits
 * @param lowerLink index of the interface that carries it; 0 for none
 * @param local source of the outer packets; its family is the device's
 * @param group multicast or default destination; empty for none
 * @param port UDP destination; 0 asks for the kernel's default, 8472
 * @param learning fill the forwarding database from received frames
 * @param gbp group based policy extension
 */
public record VxlanSettings(
    int vni,
    int lowerLink,
    Optional<InetAddress> local,
    Optional<InetAddress> group,
    int port,
    boolean learning,
    boolean gbp) {
  public VxlanSettings {
    if (vni < 0 || vni >= 1 << 24 || port < 0 || port > 65535) {
      throw new IllegalArgumentException("vxlan: vni " + vni + ", port " + port);
    }
  }
}
