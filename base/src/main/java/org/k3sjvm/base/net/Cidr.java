package org.k3sjvm.base.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * An IP network.
 *
 * @param address the network's first address: host bits are zero
 * @param prefixLength 0 to 32 or 128
 */
public record Cidr(InetAddress address, int prefixLength) {
  public Cidr {
    byte[] bytes = address.getAddress();
    if (prefixLength < 0 || prefixLength > bytes.length * 8) {
      throw new IllegalArgumentException(
          "not a prefix length for " + address.getHostAddress() + ": " + prefixLength);
    }
    if (!Arrays.equals(bytes, masked(bytes, prefixLength))) {
      throw new IllegalArgumentException(
          "host bits are set in "
              + address.getHostAddress()
              + "/"
              + prefixLength
              + "; name the network's first address");
    }
  }

  /**
   * Reads {@code 10.42.0.0/16}.
   *
   * @throws IllegalArgumentException when the text is no network, or names a host in one
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException("not a network, '/' is missing: '" + text + "'");
    }
    try {
      return new Cidr(
          IpAddresses.parse(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a network: '" + text + "'", e);
    }
  }

  /** The network that an address with a prefix length lies in. */
  public static Cidr containing(InetAddress host, int prefixLength) {
    try {
      return new Cidr(
          InetAddress.getByAddress(masked(host.getAddress(), prefixLength)), prefixLength);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("not an address: " + host, e);
    }
  }

  public boolean contains(InetAddress host) {
    byte[] bytes = host.getAddress();
    return bytes.length == address.getAddress().length
        && Arrays.equals(masked(bytes, prefixLength), address.getAddress());
  }

  public boolean isIpv6() {
    return address.getAddress().length == 16;
  }

  /** The address at an offset from the first, such as the gateway at 1. */
  public InetAddress at(long offset) {
    byte[] bytes = address.getAddress();
    long carry = offset;
    for (int i = bytes.length - 1; i >= 0 && carry != 0; i--) {
      long sum = (bytes[i] & 0xff) + (carry & 0xff);
      bytes[i] = (byte) sum;
      carry = (carry >>> 8) + (sum >>> 8);
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String toString() {
    return address.getHostAddress() + "/" + prefixLength;
  }

  private static byte[] masked(byte[] bytes, int prefixLength) {
    byte[] result = bytes.clone();
    for (int i = 0; i < result.length; i++) {
      int kept = Math.clamp(prefixLength - i * 8L, 0, 8);
      result[i] &= (byte) (0xff << (8 - kept));
    }
    return result;
  }
}
