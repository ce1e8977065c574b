package org.k3sjvm.flannel.files;

import java.util.Map;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.lease.Family;

/** {@code subnet.env}: what the flannel CNI plugin and scripts read. */
public final class SubnetEnv {
  public static final String MODE = "rw-r--r--";

  private SubnetEnv() {}

  /** Source: flannel v0.28 pkg/subnet/subnet.go, WriteSubnetFile; the subnet is its gateway. */
  public static String text(PodNetwork pods) {
    StringBuilder text = new StringBuilder();
    for (Map.Entry<Family, Cidr> network : pods.networks().entrySet()) {
      String middle = network.getKey().isIpv6() ? "IPV6_" : "";
      Cidr subnet = pods.subnets().getOrDefault(network.getKey(), network.getValue());
      line(text, "FLANNEL_" + middle + "NETWORK", CniConfig.text(network.getValue()));
      line(
          text,
          "FLANNEL_" + middle + "SUBNET",
          IpAddresses.text(subnet.at(1)) + "/" + subnet.prefixLength());
    }
    line(text, "FLANNEL_MTU", Integer.toString(pods.mtuBytes()));
    line(text, "FLANNEL_IPMASQ", "true");
    return text.toString();
  }

  private static void line(StringBuilder text, String key, String value) {
    text.append(key).append('=').append(value).append('\n');
  }
}
