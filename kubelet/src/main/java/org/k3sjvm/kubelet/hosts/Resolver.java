package org.k3sjvm.kubelet.hosts;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodDNSConfig;
import io.fabric8.kubernetes.api.model.PodDNSConfigOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.DnsConfig;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Name resolution of a pod by its DNS policy.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/network/dns/dns.go.
 */
public final class Resolver {
  private static final int SERVERS = 3;
  private static final int SEARCHES = 32;
  private static final int SEARCH_CHARACTERS = 2048;

  /** A longer one makes some resolvers abort. Source: RFC 1123 as Kubernetes checks it. */
  private static final int SEARCH_PATH_CHARACTERS = 253;

  /**
   * The answer.
   *
   * @param warnings what was left out, for events
   */
  public record Answer(DnsConfig dns, List<PodEvent> warnings) {
    public Answer {
      warnings = List.copyOf(warnings);
    }
  }

  private static final List<String> NDOTS = List.of("ndots:5");

  private Resolver() {}

  /**
   * The configuration, cut to what resolvers take.
   *
   * @param clusterServers empty makes {@code ClusterFirst} the host's
   * @param host the host's own
   */
  public static Answer of(
      Pod pod, List<String> clusterServers, String clusterDomain, DnsConfig host) {
    List<PodEvent> warnings = new ArrayList<>();
    DnsConfig base = base(pod, clusterServers, clusterDomain, host, warnings);
    PodDNSConfig extra = pod.getSpec().getDnsConfig();
    if (extra != null) {
      base =
          new DnsConfig(
              joined(base.servers(), extra.getNameservers()),
              joined(base.searches(), extra.getSearches()),
              options(base.options(), extra.getOptions()));
    }
    return new Answer(
        new DnsConfig(
            servers(base.servers(), warnings), searches(base.searches(), warnings), base.options()),
        warnings);
  }

  /** The host's, when it is told to have none: each family's loopback, and nothing to search. */
  public static DnsConfig ofNoHost(List<String> nodeIps) {
    List<String> servers =
        nodeIps.stream().map(ip -> ip.indexOf(':') >= 0 ? "::1" : "127.0.0.1").distinct().toList();
    return new DnsConfig(
        servers.isEmpty() ? List.of("127.0.0.1") : servers, List.of("."), List.of());
  }

  /** Reads a resolver file; the last search line counts, and the last of equal options. */
  public static DnsConfig parse(String file) {
    List<String> servers = new ArrayList<>();
    List<String> searches = List.of();
    Map<String, String> options = new LinkedHashMap<>();
    for (String line : file.split("\n", -1)) {
      List<String> words = List.of(line.strip().split("\\s+"));
      List<String> rest = words.subList(1, words.size());
      switch (words.getFirst()) {
        case "nameserver" -> servers.addAll(rest.stream().limit(1).toList());
        case "search" ->
            searches = rest.stream().filter(s -> !s.equals(".")).map(Resolver::withoutDot).toList();
        case "options" -> rest.forEach(o -> options.put(nameOf(o), o));
        default -> {}
      }
    }
    return new DnsConfig(servers, searches, List.copyOf(options.values()));
  }

  private static DnsConfig base(
      Pod pod,
      List<String> clusterServers,
      String clusterDomain,
      DnsConfig host,
      List<PodEvent> warnings) {
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
    if (cluster && clusterServers.isEmpty()) {
      warnings.add(PodEvent.warning("MissingClusterDNS", missing(pod)));
    }
    if (!cluster || clusterServers.isEmpty()) {
      return host;
    }
    if (clusterDomain.isEmpty()) {
      return new DnsConfig(clusterServers, host.searches(), NDOTS);
    }
    List<String> searches =
        List.of(
            pod.getMetadata().getNamespace() + ".svc." + clusterDomain,
            "svc." + clusterDomain,
            clusterDomain);
    return new DnsConfig(clusterServers, joined(searches, host.searches()), NDOTS);
  }

  private static String missing(Pod pod) {
    return "pod: \""
        + pod.getMetadata().getName()
        + "_"
        + pod.getMetadata().getNamespace()
        + "("
        + pod.getMetadata().getUid()
        + ")\". kubelet does not have ClusterDNS IP configured and cannot create Pod using"
        + " \"ClusterFirst\" policy. Falling back to \"Default\" policy.";
  }

  private static List<String> servers(List<String> all, List<PodEvent> warnings) {
    if (all.size() <= SERVERS) {
      return all;
    }
    List<String> kept = all.subList(0, SERVERS);
    warnings.add(
        PodEvent.warning(
            "DNSConfigForming",
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied"
                + " nameserver line is: "
                + String.join(" ", kept)));
    return kept;
  }

  private static List<String> searches(List<String> all, List<PodEvent> warnings) {
    List<String> kept =
        new ArrayList<>(
            all.stream()
                .limit(SEARCHES)
                .filter(s -> s.length() <= SEARCH_PATH_CHARACTERS)
                .toList());
    while (String.join(" ", kept).length() > SEARCH_CHARACTERS) {
      kept.removeLast();
    }
    if (kept.size() < all.size()) {
      warnings.add(
          PodEvent.warning(
              "DNSConfigForming",
              "Search Line limits were exceeded, some search paths have been omitted, the applied"
                  + " search line is: "
                  + String.join(" ", kept)));
    }
    return kept;
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
      all.removeIf(o -> nameOf(o).equals(option.getName()));
      String value = option.getValue();
      all.add(value == null || value.isEmpty() ? option.getName() : option.getName() + ":" + value);
    }
    return all;
  }

  private static String nameOf(String option) {
    int colon = option.indexOf(':');
    return colon < 0 ? option : option.substring(0, colon);
  }

  private static String withoutDot(String name) {
    return name.length() > 1 && name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
  }
}
