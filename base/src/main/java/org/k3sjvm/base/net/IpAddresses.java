package org.k3sjvm.base.net;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reading IP literals without ever asking a name server. */
public final class IpAddresses {
  private static final int GROUPS = 8; // of an IPv6 address

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

  /**
   * The short form of an address, which Java does not print for IPv6: {@code 2001:db8::1}. Source:
   * RFC 5952, section 4.
   */
  public static String text(InetAddress address) {
    return text(address.getAddress());
  }

  /** The same of four or sixteen bytes, which Java may take for an address of the other version. */
  public static String text(byte[] bytes) {
    if (bytes.length == 4) {
      return IntStream.range(0, bytes.length)
          .mapToObj(i -> String.valueOf(bytes[i] & 0xff))
          .collect(Collectors.joining("."));
    }
    int[] groups = new int[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
      groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
    }
    int start = 0;
    int length = 0;
    for (int i = 0; i < GROUPS; i++) {
      int run = 0;
      while (i + run < GROUPS && groups[i + run] == 0) {
        run++;
      }
      if (run > length) {
        start = i;
        length = run;
      }
    }
    return length < 2
        ? joined(groups, 0, GROUPS)
        : joined(groups, 0, start) + "::" + joined(groups, start + length, GROUPS);
  }

  private static String joined(int[] groups, int from, int to) {
    return Arrays.stream(groups, from, to)
        .mapToObj(Integer::toHexString)
        .collect(Collectors.joining(":"));
  }
}
