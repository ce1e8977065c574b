package org.k3sjvm.linux.net;

import java.net.InetAddress;

/**
 * An address of an interface.
 *
 * @param link index of the interface
 * @param flags bits of {@code ifa_flags}; 0 when asked for
 */
public record InterfaceAddress(int link, InetAddress address, int prefixLength, int flags) {
  private static final int TEMPORARY = 0x01;
  private static final int DEPRECATED = 0x20;
  private static final int PERMANENT = 0x80;

  /** An address to be added. */
  public static InterfaceAddress of(int link, InetAddress address, int prefixLength) {
    return new InterfaceAddress(link, address, prefixLength, 0);
  }

  /** An IPv6 privacy address. */
  public boolean temporary() {
    return isIpv6() && (flags & TEMPORARY) != 0;
  }

  public boolean deprecated() {
    return (flags & DEPRECATED) != 0;
  }

  /** Without a lifetime. */
  public boolean permanent() {
    return (flags & PERMANENT) != 0;
  }

  public boolean isIpv6() {
    return address.getAddress().length == 16;
  }

  /** Whether both are the same address on the same interface, whatever their flags. */
  public boolean sameAs(InterfaceAddress other) {
    return link == other.link
        && prefixLength == other.prefixLength
        && address.equals(other.address);
  }

  @Override
  public String toString() {
    return address.getHostAddress() + "/" + prefixLength;
  }
}
