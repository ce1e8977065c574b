package org.k3sjvm.cri;

import java.util.List;

/** What the runtime writes into the sandbox's {@code resolv.conf}; lists may be empty. */
public record DnsConfig(List<String> servers, List<String> searches, List<String> options) {
  public DnsConfig {
    servers = List.copyOf(servers);
    searches = List.copyOf(searches);
    options = List.copyOf(options);
  }
}
