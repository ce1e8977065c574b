package org.k3sjvm.networkpolicy.compile;

/** IP of one version; each has a table of its own. */
public enum Family {
  IPV4,
  IPV6;

  static Family of(boolean ipv6) {
    return ipv6 ? IPV6 : IPV4;
  }

  public boolean isIpv6() {
    return this == IPV6;
  }

  /** As nft calls it. */
  public String nft() {
    return isIpv6() ? "ip6" : "ip";
  }
}
