package org.k3sjvm.networkpolicy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.host.Sysctls;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Traffic between two pods of one node crosses a bridge, and rules see it only while the kernel
 * shows bridged packets to them.
 */
final class BridgedTraffic {
  private static final Logger log = LoggerFactory.getLogger(BridgedTraffic.class);

  private final Sysctls sysctls;
  private final List<String> keys = new ArrayList<>();
  private final Set<String> told = new HashSet<>();

  BridgedTraffic(Sysctls sysctls, boolean ipv4, boolean ipv6) {
    this.sysctls = sysctls;
    if (ipv4) {
      keys.add("net/bridge/bridge-nf-call-iptables");
    }
    if (ipv6) {
      keys.add("net/bridge/bridge-nf-call-ip6tables");
    }
  }

  void ensure() {
    for (String key : keys) {
      try {
        if (sysctls.ensure(key, "1") || told.remove(key)) {
          log.atInfo().addKeyValue("sysctl", key).log("bridged traffic meets network policies");
        }
      } catch (LinuxException e) {
        if (told.add(key)) {
          log.atError()
              .addKeyValue("sysctl", key)
              .addKeyValue("reason", e.getMessage())
              .log(
                  "network policies do not hold between pods of this node: the kernel does not show"
                      + " bridged packets to them; load the kernel module br_netfilter");
        }
      }
    }
  }
}
