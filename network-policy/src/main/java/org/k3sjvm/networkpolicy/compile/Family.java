package org.k3sjvm.networkpolicy.compile;

import org.k3sjvm.linux.filter.Rule.Field;
import org.k3sjvm.linux.filter.SetType.Part;

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

  /** The type of its addresses. */
  Part address() {
    return isIpv6() ? Part.IPV6 : Part.IPV4;
  }

  /** Where its packets say where they come from. */
  Field source() {
    return isIpv6() ? Field.SOURCE6 : Field.SOURCE;
  }

  /** Where they say where they go. */
  Field target() {
    return isIpv6() ? Field.TARGET6 : Field.TARGET;
  }

  /** As nft calls it. */
  public String nft() {
    return isIpv6() ? "ip6" : "ip";
  }
}
