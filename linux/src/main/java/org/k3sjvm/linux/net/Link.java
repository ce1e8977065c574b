package org.k3sjvm.linux.net;

import java.util.Optional;

/**
 * A network interface.
 *
 * @param index the kernel's number; another one after the interface was deleted and made again
 * @param kind such as {@code vxlan} or {@code bridge}; empty for hardware
 * @param mtuBytes largest packet
 * @param up switched on, whether or not there is a carrier
 * @param vxlan present on the kind vxlan
 */
public record Link(
    int index,
    String name,
    String kind,
    Optional<MacAddress> mac,
    int mtuBytes,
    boolean up,
    Optional<VxlanSettings> vxlan) {
  /** The kind of an interface of WireGuard. */
  public static final String WIREGUARD = "wireguard";
}
