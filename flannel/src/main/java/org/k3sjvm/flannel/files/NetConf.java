package org.k3sjvm.flannel.files;

import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;

/** {@code net-conf.json}: flannel's own configuration, kept for those who read it. */
public final class NetConf {
  public static final String MODE = "rw-------";

  private NetConf() {}

  /** Source: k3s v1.36.3 pkg/agent/flannel/setup.go, flannelConf. */
  public static String text(Map<Family, Cidr> networks, BackendType backend) {
    return "{\"Network\":\""
        + text(networks, Family.IPV4, "0.0.0.0/0")
        + "\",\"EnableIPv6\":"
        + networks.containsKey(Family.IPV6)
        + ",\"EnableIPv4\":"
        + networks.containsKey(Family.IPV4)
        + ",\"IPv6Network\":\""
        + text(networks, Family.IPV6, "::/0")
        + "\",\"Backend\":{\"Type\":\""
        + backend.text()
        + "\"}}\n";
  }

  private static String text(Map<Family, Cidr> networks, Family family, String unset) {
    return Optional.ofNullable(networks.get(family)).map(CniConfig::text).orElse(unset);
  }
}
