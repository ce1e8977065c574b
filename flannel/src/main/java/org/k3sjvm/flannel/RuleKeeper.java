package org.k3sjvm.flannel;

import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.rules.ForwardPolicy;
import org.k3sjvm.flannel.rules.Masquerade;
import org.k3sjvm.linux.filter.FilterTable;
import org.k3sjvm.linux.filter.PacketFilter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps our packet filter tables as they should be. One thread only. */
final class RuleKeeper {
  private static final Logger log = LoggerFactory.getLogger(RuleKeeper.class);

  /** Source: flannel v0.28 pkg/trafficmngr/iptables, resync of the masquerade rules. */
  private static final Duration VERIFY_EVERY = Duration.ofSeconds(60);

  private final PacketFilter filter;
  private final ForwardPolicy forwardPolicy;
  private final Map<Family, String> scripts = new EnumMap<>(Family.class);
  private final Map<Family, String> listings = new EnumMap<>(Family.class);
  private Instant verified = Instant.MIN;

  RuleKeeper(PacketFilter filter, ForwardPolicy forwardPolicy) {
    this.filter = filter;
    this.forwardPolicy = forwardPolicy;
  }

  /** Puts a table in place when it should differ from the last one; looks after it now and then. */
  void ensure(
      Map<Family, Cidr> networks, Map<Family, Cidr> subnets, boolean ipv6Masquerade, Instant now)
      throws InterruptedException {
    boolean verify = verified.isBefore(now.minus(VERIFY_EVERY));
    for (Map.Entry<Family, Cidr> network : networks.entrySet()) {
      Family family = network.getKey();
      Cidr subnet = subnets.get(family);
      if (subnet == null) {
        continue;
      }
      boolean translate = family == Family.IPV4 || ipv6Masquerade;
      FilterTable table = Masquerade.table(family, network.getValue(), subnet, translate);
      if (!table.script().equals(scripts.get(family))) {
        put(family, table);
      } else if (verify && !isAsWePutIt(family, table)) {
        log.atWarn().addKeyValue("table", table.name()).log("somebody changed our rules");
        put(family, table);
      }
      if (verify) {
        forwardPolicy.ensure(network.getValue());
      }
    }
    if (verify) {
      verified = now;
    }
  }

  /** Makes the next round look at every rule. */
  void distrust() {
    verified = Instant.MIN;
  }

  private void put(Family family, FilterTable table) throws InterruptedException {
    scripts.remove(family);
    filter.replace(table);
    listings.put(family, filter.show(table.name()).orElse(""));
    scripts.put(family, table.script());
  }

  private boolean isAsWePutIt(Family family, FilterTable table) throws InterruptedException {
    return filter.show(table.name()).orElse("").equals(listings.get(family));
  }
}
