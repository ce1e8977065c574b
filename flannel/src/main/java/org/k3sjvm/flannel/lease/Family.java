package org.k3sjvm.flannel.lease;

import java.net.InetAddress;
import org.k3sjvm.base.net.Cidr;

/** IPv4 or IPv6; the two halves of a dual-stack network know nothing of each other. */
public enum Family {
  IPV4("backend-data", "public-ip"),
  IPV6("backend-v6-data", "public-ipv6");

  private final String backendData;
  private final String publicIp;

  Family(String backendData, String publicIp) {
    this.backendData = FlannelAnnotations.PREFIX + backendData;
    this.publicIp = FlannelAnnotations.PREFIX + publicIp;
  }

  public static Family of(InetAddress address) {
    return address.getAddress().length == 16 ? IPV6 : IPV4;
  }

  public static Family of(Cidr network) {
    return of(network.address());
  }

  public boolean isIpv6() {
    return this == IPV6;
  }

  /** The prefix length of one address. */
  public int hostPrefixLength() {
    return isIpv6() ? 128 : 32;
  }

  String backendDataAnnotation() {
    return backendData;
  }

  String publicIpAnnotation() {
    return publicIp;
  }

  String publicIpOverwriteAnnotation() {
    return publicIp + "-overwrite";
  }
}
