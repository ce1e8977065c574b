package org.k3sjvm.base.net;

import java.net.InetAddress;

/** Reading IP literals without ever asking a name server. */
public final class IpAddresses {
  private IpAddresses() {}

  /**
   * Reads an IPv4 or IPv6 literal.
   *
   * @throws IllegalArgumentException when the text is not one; host names are never resolved
   */
  public static InetAddress parse(String text) {
    return InetAddress.ofLiteral(text);
  }

  public static boolean isLiteral(String text) {
    try {
      parse(text);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  public static boolean isIpv6(InetAddress address) {
    return address.getAddress().length == 16;
  }
}
