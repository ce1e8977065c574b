package org.k3sjvm.kubelet.hosts;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodDNSConfig;
import io.fabric8.kubernetes.api.model.PodDNSConfigOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.DnsConfig;

/**
 * Name resolution of a pod by its DNS policy.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/network/dns/dns.go.
 */
public final class Resolver {
  private static final int SERVERS = 3;
  private static final int SEARCHES = 32;
  private static final int SEARCH_CHARACTERS = 2048;

  private Resolver() {}

  /**
   * The configuration, cut to what resolvers take.
   *
   * @param clusterServers empty makes {@code ClusterFirst} the host's
   * @param host the host's own
   */
  public static DnsConfig of(
      Pod pod, List<String> clusterServers, String clusterDomain, DnsConfig host) {
    DnsConfig base = base(pod, clusterServers, clusterDomain, host);
    PodDNSConfig extra = pod.getSpec().getDnsConfig();
    if (extra == null) {
      return cut(base);
    }
    return cut(
        new DnsConfig(
            joined(base.servers(), extra.getNameservers()),
            joined(base.searches(), extra.getSearches()),
            options(base.options(), extra.getOptions())));
  }

  /** Reads a resolver file; the last search and options lines count. */
  public static DnsConfig parse(String file) {
    List<String> servers = new ArrayList<>();
    List<String> searches = List.of();
    List<String> options = List.of();
    for (String line : file.split("\n", -1)) {
      List<String> words = List.of(line.strip().split("\\s+"));
      List<String> rest = words.subList(1, words.size());
      switch (words.getFirst()) {
        case "nameserver" -> servers.addAll(rest.stream().limit(1).toList());
        case "search" -> searches = rest.stream().map(Resolver::withoutDot).toList();
        case "options" -> options = rest;
        default -> {}
      }
    }
    return new DnsConfig(servers, searches, options);
  }

  private static DnsConfig base(
      Pod pod, List<String> clusterServers, String clusterDomain, DnsConfig host) {
    String policy = pod.getSpec().getDnsPolicy();
    boolean onHost = Boolean.TRUE.equals(pod.getSpec().getHostNetwork());
    boolean cluster =
        switch (policy == null ? "ClusterFirst" : policy) {
          case "ClusterFirstWithHostNet" -> true;
          case "ClusterFirst" -> !onHost;
          default -> false;
        };
    if ("None".equals(policy)) {
      return new DnsConfig(List.of(), List.of(), List.of());
    }
    if (!cluster || clusterServers.isEmpty()) {
      return host;
    }
    List<String> searches =
        List.of(
            pod.getMetadata().getNamespace() + ".svc." + clusterDomain,
            "svc." + clusterDomain,
            clusterDomain);
    return new DnsConfig(clusterServers, joined(searches, host.searches()), List.of("ndots:5"));
  }

  private static DnsConfig cut(DnsConfig dns) {
    List<String> searches = new ArrayList<>();
    int length = 0;
    for (String search : dns.searches()) {
      length += search.length() + 1;
      if (searches.size() < SEARCHES && length - 1 <= SEARCH_CHARACTERS) {
        searches.add(search);
      }
    }
    return new DnsConfig(dns.servers().stream().limit(SERVERS).toList(), searches, dns.options());
  }

  private static List<String> joined(List<String> first, @Nullable List<String> then) {
    Set<String> all = new LinkedHashSet<>(first);
    if (then != null) {
      all.addAll(then);
    }
    return List.copyOf(all);
  }

  private static List<String> options(List<String> base, @Nullable List<PodDNSConfigOption> extra) {
    if (extra == null) {
      return base;
    }
    List<String> all = new ArrayList<>(base);
    for (PodDNSConfigOption option : extra) {
      all.removeIf(o -> o.equals(option.getName()) || o.startsWith(option.getName() + ":"));
      String value = option.getValue();
      all.add(value == null || value.isEmpty() ? option.getName() : option.getName() + ":" + value);
    }
    return all;
  }

  private static String withoutDot(String name) {
    return name.length() > 1 && name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
  }
}
