package org.k3sjvm.agent.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.GoDurations;
import org.k3sjvm.linux.host.HostSettings.Conntrack;
import org.k3sjvm.serviceproxy.ServiceProxyConfig;
import org.k3sjvm.serviceproxy.rules.RuleSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service proxy's settings from {@code --kube-proxy-arg}. What is known but does nothing here
 * is named once in a warning; what kube-proxy does not know ends the agent, as it ends upstream's.
 */
public final class ProxyOptions {
  private static final Logger log = LoggerFactory.getLogger(ProxyOptions.class);

  /** Those that {@link #settings} reads. */
  static final Set<String> ACTING =
      Set.of(
          "proxy-mode",
          "cluster-cidr",
          "detect-local-mode",
          "masquerade-all",
          "iptables-masquerade-bit",
          "iptables-localhost-nodeports",
          "iptables-sync-period",
          "iptables-min-sync-period",
          "nodeport-addresses",
          "healthz-bind-address",
          "healthz-port",
          "metrics-bind-address",
          "metrics-port",
          "conntrack-max-per-core",
          "conntrack-min",
          "conntrack-tcp-timeout-established",
          "conntrack-tcp-timeout-close-wait",
          "conntrack-tcp-be-liberal",
          "conntrack-udp-timeout",
          "conntrack-udp-timeout-stream");

  /** The others of kube-proxy. Source: kube-proxy v1.36 cmd/kube-proxy/app/options.go. */
  private static final Set<String> OTHERS =
      Set.of(
          "config",
          "write-config-to",
          "cleanup",
          "feature-gates",
          "kubeconfig",
          "master",
          "kube-api-content-type",
          "kube-api-burst",
          "kube-api-qps",
          "hostname-override",
          "bind-address",
          "bind-address-hard-fail",
          "profiling",
          "show-hidden-metrics-for-version",
          "init-only",
          "ipvs-sync-period",
          "ipvs-min-sync-period",
          "ipvs-scheduler",
          "ipvs-exclude-cidrs",
          "ipvs-strict-arp",
          "ipvs-tcp-timeout",
          "ipvs-tcpfin-timeout",
          "ipvs-udp-timeout",
          "pod-bridge-interface",
          "pod-interface-name-prefix",
          "oom-score-adj",
          "config-sync-period",
          "logging-format",
          "log-flush-frequency",
          "log-json-info-buffer-size",
          "log-json-split-stream",
          "log-text-info-buffer-size",
          "log-text-split-stream",
          "v",
          "vmodule");

  private final Problems problems = new Problems();
  private final Map<String, String> values = new LinkedHashMap<>();

  private ProxyOptions() {}

  /**
   * What a user asked for.
   *
   * @param podNetworks empty for the cluster's
   * @param nodePortNetworks empty for all addresses but loopback
   * @param nodePortsOfNodeIps whether only the node's own addresses have node ports
   * @param healthz where health is told; empty to tell nobody, and without a host on loopback
   * @param metrics as {@code healthz}
   */
  public record Settings(
      List<Cidr> podNetworks,
      boolean masqueradeAll,
      int masqueradeBit,
      List<Cidr> nodePortNetworks,
      boolean nodePortsOfNodeIps,
      boolean loopbackNodePorts,
      Optional<HostPort> healthz,
      Optional<HostPort> metrics,
      Duration minSync,
      Duration look,
      Conntrack conntrack) {
    public Settings {
      podNetworks = List.copyOf(podNetworks);
      nodePortNetworks = List.copyOf(nodePortNetworks);
    }
  }

  /**
   * Reads everything that the user set.
   *
   * @param texts {@code name=value}, with or without leading dashes; the last of a name counts
   * @param loopback where health is told unless the user says so, {@code 127.0.0.1} or {@code ::1}
   * @param processors of this host
   * @throws UsageException names each argument that is bad and what to write
   */
  public static Settings read(List<String> texts, String loopback, int processors) {
    return new ProxyOptions().settings(texts, loopback, processors);
  }

  private Settings settings(List<String> texts, String loopback, int processors) {
    Set<String> ineffective = new TreeSet<>();
    for (String text : texts) {
      String bare = text.replaceFirst("^--?", "");
      int equals = bare.indexOf('=');
      String name = equals < 0 ? bare : bare.substring(0, equals);
      values.put(name, equals < 0 ? "true" : bare.substring(equals + 1));
      if (OTHERS.contains(name)) {
        ineffective.add(name);
      } else if (!ACTING.contains(name)) {
        problems.add("--kube-proxy-arg=" + name + ": kube-proxy has no such flag");
      }
    }
    check("proxy-mode", Set.of("", "iptables", "nftables"), "services are in nftables always");
    check("detect-local-mode", Set.of("", "ClusterCIDR"), "pods are known by the cluster's CIDR");
    String nodePorts = values.getOrDefault("nodeport-addresses", "");
    boolean primary = nodePorts.equals("primary");
    Settings settings =
        new Settings(
            networks("cluster-cidr", values.getOrDefault("cluster-cidr", "")),
            value("masquerade-all", ProxyOptions::bool, false),
            bit(),
            primary ? List.of() : networks("nodeport-addresses", nodePorts),
            primary,
            value("iptables-localhost-nodeports", ProxyOptions::bool, false),
            address("healthz", loopback, ServiceProxyConfig.HEALTHZ_PORT),
            address("metrics", loopback, ServiceProxyConfig.METRICS_PORT),
            duration("iptables-min-sync-period", ServiceProxyConfig.DEFAULT_MIN_SYNC),
            duration("iptables-sync-period", ServiceProxyConfig.DEFAULT_LOOK),
            conntrack(processors));
    problems.throwAny();
    if (!ineffective.isEmpty()) {
      log.atWarn()
          .addKeyValue("names", String.join(",", ineffective))
          .log("these kube-proxy arguments have no effect here");
    }
    return settings;
  }

  private void check(String name, Set<String> allowed, String why) {
    String value = values.getOrDefault(name, "");
    if (!allowed.contains(value)) {
      problems.add("--kube-proxy-arg=" + name + "=" + value + " is not offered: " + why);
    }
  }

  private int bit() {
    int bit =
        value("iptables-masquerade-bit", Integer::parseInt, RuleSettings.DEFAULT_MASQUERADE_BIT);
    if (bit < 0 || bit > 31) {
      problems.add("--kube-proxy-arg=iptables-masquerade-bit must be 0 to 31, not " + bit);
      return RuleSettings.DEFAULT_MASQUERADE_BIT;
    }
    return bit;
  }

  /** Zero leaves the kernel's own. Source: k3s v1.36.3 pkg/agent/syssetup/setup.go. */
  private Conntrack conntrack(int processors) {
    Conntrack defaults = Conntrack.defaults(processors);
    long perCore = value("conntrack-max-per-core", Long::parseLong, 32_768L);
    long least = value("conntrack-min", Long::parseLong, 131_072L);
    return new Conntrack(
        perCore <= 0
            ? OptionalLong.empty()
            : OptionalLong.of(Math.max(least, perCore * processors)),
        seconds("conntrack-tcp-timeout-established", defaults.tcpEstablishedSeconds()),
        seconds("conntrack-tcp-timeout-close-wait", defaults.tcpCloseWaitSeconds()),
        seconds("conntrack-udp-timeout", OptionalLong.empty()),
        seconds("conntrack-udp-timeout-stream", OptionalLong.empty()),
        value("conntrack-tcp-be-liberal", ProxyOptions::bool, false));
  }

  private OptionalLong seconds(String name, OptionalLong otherwise) {
    if (!values.containsKey(name)) {
      return otherwise;
    }
    Duration duration = duration(name, Duration.ZERO);
    return duration.isZero() ? OptionalLong.empty() : OptionalLong.of(duration.toSeconds());
  }

  /** An address with or without a port, or a port by itself; port 0 is nowhere. */
  private Optional<HostPort> address(String what, String loopback, int port) {
    int chosen = value(what + "-port", Integer::parseInt, port);
    HostPort address =
        value(
            what + "-bind-address",
            text -> HostPort.parse(text.isEmpty() ? loopback : text, chosen),
            new HostPort(loopback, chosen < 0 || chosen > 65_535 ? port : chosen));
    return address.port() == 0 ? Optional.empty() : Optional.of(address);
  }

  private List<Cidr> networks(String name, String text) {
    List<Cidr> networks = new ArrayList<>();
    for (String one : Arrays.asList(text.split(","))) {
      if (!one.isBlank()) {
        value(name, _ -> Optional.of(Cidr.parse(one.strip())), Optional.<Cidr>empty())
            .ifPresent(networks::add);
      }
    }
    return networks;
  }

  private Duration duration(String name, Duration otherwise) {
    return value(name, GoDurations::parse, otherwise);
  }

  private <T> T value(String name, Function<String, T> parser, T otherwise) {
    String text = values.get(name);
    if (text == null) {
      return otherwise;
    }
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException e) {
      problems.add("--kube-proxy-arg=" + name + "=" + text + ": " + e.getMessage());
      return otherwise;
    }
  }

  private static Boolean bool(String text) {
    return switch (text) {
      case "true", "1", "t", "T", "TRUE", "True" -> true;
      case "false", "0", "f", "F", "FALSE", "False" -> false;
      default -> throw new IllegalArgumentException("neither true nor false");
    };
  }
}
