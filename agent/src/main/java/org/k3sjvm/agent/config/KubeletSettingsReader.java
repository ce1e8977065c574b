package org.k3sjvm.agent.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kubelet.admission.Sysctls;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.settings.KubeletSettings.NodeTaint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From texts to the precise types, within the ranges that upstream allows. Source: kubelet v1.36
 * pkg/kubelet/apis/config/validation/validation.go.
 */
final class KubeletSettingsReader {
  private static final Logger log = LoggerFactory.getLogger(KubeletSettingsReader.class);

  private static final int MAX_PORT = 65535;
  private static final int MANY = Integer.MAX_VALUE;
  private static final KubeletSettings DEFAULT = KubeletSettings.DEFAULT;
  private static final Set<String> EFFECTS = Set.of("NoSchedule", "PreferNoSchedule", "NoExecute");

  private final KubeletValues values;

  KubeletSettingsReader(KubeletValues values) {
    this.values = values;
  }

  KubeletSettings settings(List<AgentConfig.NodeTaint> taints) {
    return new KubeletSettings(
        absolute("root-dir").orElse(DEFAULT.root()),
        values.number("port", DEFAULT.port(), 1, MAX_PORT),
        staticPods(),
        pulls(),
        new KubeletSettings.Rate(
            values.number("eventRecordQPS", DEFAULT.events().perSecond(), 0, MANY),
            values.number("eventBurst", DEFAULT.events().burst(), 0, MANY)),
        pods(),
        node(taints),
        new ReservationsReader(values).reservations(),
        cgroups(),
        dns(),
        values.bool("protectKernelDefaults", false),
        featureGates());
  }

  private KubeletSettings.StaticPods staticPods() {
    KubeletSettings.StaticPods none = KubeletSettings.StaticPods.NONE;
    Map<String, List<String>> headers = new HashMap<>();
    values
        .map("staticPodURLHeader")
        .forEach(
            (name, value) ->
                headers.put(
                    name,
                    value instanceof List<?> list
                        ? list.stream().map(Object::toString).toList()
                        : List.of(value.toString())));
    return new KubeletSettings.StaticPods(
        absolute("staticPodPath"),
        url(),
        headers,
        values.duration("fileCheckFrequency", none.fileCheck()),
        values.duration("httpCheckFrequency", none.httpCheck()));
  }

  private Optional<URI> url() {
    Optional<String> text = values.text("staticPodURL").filter(t -> !t.isEmpty());
    try {
      Optional<URI> url = text.map(URI::create);
      if (url.isEmpty() || text.get().matches("https?://[^\\s/]+\\S*")) {
        return url;
      }
    } catch (IllegalArgumentException e) {
      // told below
    }
    return values.bad("staticPodURL", "must be an http or https URL", Optional.empty());
  }

  private KubeletSettings.Pulls pulls() {
    boolean serial = values.bool("serializeImagePulls", DEFAULT.pulls().serial());
    int atOnce = values.number("maxParallelImagePulls", 0, 1, MANY);
    if (serial && atOnce > 1) {
      values.bad("maxParallelImagePulls", "must be 1 while images are pulled serially", 1);
    }
    return new KubeletSettings.Pulls(
        serial,
        atOnce == 0 ? OptionalInt.empty() : OptionalInt.of(atOnce),
        new KubeletSettings.Rate(
            values.number("registryPullQPS", DEFAULT.pulls().rate().perSecond(), 0, MANY),
            values.number("registryBurst", DEFAULT.pulls().rate().burst(), 0, MANY)));
  }

  private KubeletSettings.PodRules pods() {
    KubeletSettings.PodRules otherwise = DEFAULT.pods();
    Duration longest =
        values.duration(
            "crashLoopBackOff.maxContainerRestartPeriod", otherwise.longestRestartWait());
    if (longest.toMillis() < 1000 || longest.compareTo(otherwise.longestRestartWait()) > 0) {
      longest =
          values.bad("crashLoopBackOff.maxContainerRestartPeriod", "must be 1s to 300s", longest);
    }
    return new KubeletSettings.PodRules(
        values.number("maxPods", otherwise.maxPods(), 0, MANY),
        values.number("podsPerCore", otherwise.podsPerCore(), 0, MANY),
        values.duration("syncFrequency", otherwise.syncFrequency()),
        longest,
        values.bool("seccompDefault", otherwise.seccompDefault()),
        sysctls());
  }

  private List<String> sysctls() {
    List<String> all =
        values.texts("allowedUnsafeSysctls").stream().map(s -> s.replace('/', '.')).toList();
    for (String pattern : all) {
      if (!pattern.matches("[a-z0-9_.-]+\\*?")) {
        return values.bad(
            "allowedUnsafeSysctls", "must be names of sysctls, or prefixes that end in *", all);
      }
    }
    try {
      Sysctls.allowing(all);
    } catch (IllegalArgumentException e) {
      return values.bad("allowedUnsafeSysctls", "must be sysctls that pods have of their own", all);
    }
    return all;
  }

  private KubeletSettings.NodeRules node(List<AgentConfig.NodeTaint> taints) {
    KubeletSettings.NodeRules otherwise = DEFAULT.node();
    int images = values.number("nodeStatusMaxImages", otherwise.maxImages().orElse(50), -1, MANY);
    return new KubeletSettings.NodeRules(
        values.has("registerWithTaints")
            ? values.list("registerWithTaints").stream().map(this::taint).toList()
            : taints.stream().map(t -> new NodeTaint(t.key(), t.value(), t.effect())).toList(),
        values.text("providerID").orElse(""),
        values.duration("nodeStatusUpdateFrequency", otherwise.statusUpdate()),
        values.duration("nodeStatusReportFrequency", otherwise.statusReport()),
        Duration.ofSeconds(
            values.number(
                "nodeLeaseDurationSeconds", (int) otherwise.lease().toSeconds(), 1, MANY)),
        images < 0 ? OptionalInt.empty() : OptionalInt.of(images));
  }

  private NodeTaint taint(Object item) {
    if (item instanceof Map<?, ?> map
        && map.get("key") != null
        && EFFECTS.contains(String.valueOf(map.get("effect")))) {
      Object value = map.get("value");
      return new NodeTaint(
          String.valueOf(map.get("key")),
          value == null ? "" : value.toString(),
          String.valueOf(map.get("effect")));
    }
    if (item instanceof String text) {
      try {
        AgentConfig.NodeTaint taint = AgentConfig.NodeTaint.parse(text);
        return new NodeTaint(taint.key(), taint.value(), taint.effect());
      } catch (UsageException e) {
        return noTaint();
      }
    }
    return noTaint();
  }

  private NodeTaint noTaint() {
    return values.bad(
        "registerWithTaints",
        "must be key=value:Effect with NoSchedule, PreferNoSchedule or NoExecute",
        new NodeTaint("bad", "", "NoSchedule"));
  }

  private CgroupSettings cgroups() {
    CgroupSettings otherwise = DEFAULT.cgroups();
    String driver = values.text("cgroupDriver").orElse("cgroupfs");
    Duration period = values.duration("cpuCFSQuotaPeriod", otherwise.cpuPeriod());
    if (period.toMillis() < 1 || period.compareTo(Duration.ofSeconds(1)) > 0) {
      period = values.bad("cpuCFSQuotaPeriod", "must be 1ms to 1s", otherwise.cpuPeriod());
    } else if (!period.equals(otherwise.cpuPeriod())
        && !"true"
            .equals(String.valueOf(values.map("featureGates").get("CustomCPUCFSQuotaPeriod")))) {
      period =
          values.bad(
              "cpuCFSQuotaPeriod",
              "needs the feature gate CustomCPUCFSQuotaPeriod=true for another period than 100ms",
              period);
    }
    return new CgroupSettings(
        switch (driver) {
          case "cgroupfs" -> CgroupSettings.Driver.CGROUPFS;
          case "systemd" -> CgroupSettings.Driver.SYSTEMD;
          default ->
              values.bad(
                  "cgroupDriver", "must be cgroupfs or systemd", CgroupSettings.Driver.CGROUPFS);
        },
        values.group("cgroupRoot").map(root -> root.replaceFirst("/+$", "")).orElse(""),
        values.bool("cgroupsPerQOS", true),
        values.bool("cpuCFSQuota", true),
        period,
        Math.max(0, values.number("podPidsLimit", -1L, -1, Long.MAX_VALUE / 2)),
        values.bool("failSwapOn", false),
        switch (values.text("memorySwap.swapBehavior").orElse("")) {
          case "", "NoSwap" -> CgroupSettings.Swap.NONE;
          case "LimitedSwap" -> CgroupSettings.Swap.LIMITED;
          default ->
              values.bad(
                  "memorySwap.swapBehavior",
                  "must be NoSwap or LimitedSwap",
                  CgroupSettings.Swap.NONE);
        },
        values.has("singleProcessOOMKill")
            ? Optional.of(values.bool("singleProcessOOMKill", false))
            : Optional.empty());
  }

  private KubeletSettings.Dns dns() {
    List<String> servers = values.texts("clusterDNS");
    for (String server : servers) {
      if (!IpAddresses.isLiteral(server)) {
        values.bad("clusterDNS", "must be IP addresses", server);
      }
    }
    return new KubeletSettings.Dns(
        servers, values.text("clusterDomain").filter(t -> !t.isEmpty()), absolute("resolvConf"));
  }

  private Map<String, Boolean> featureGates() {
    Map<String, Boolean> gates = new HashMap<>();
    Set<String> strange = new TreeSet<>();
    values
        .map("featureGates")
        .forEach(
            (name, value) -> {
              String text = value.toString();
              if (!text.equalsIgnoreCase("true") && !text.equalsIgnoreCase("false")) {
                values.bad("featureGates", "must be Name=true or Name=false", text);
              } else if (FeatureGates.knows(name)) {
                gates.put(name, Boolean.valueOf(text));
              } else {
                strange.add(name);
              }
            });
    if (!strange.isEmpty()) {
      log.atWarn()
          .addKeyValue("names", String.join(",", strange))
          .log("these feature gates are unknown, or gone, and have no effect");
    }
    return gates;
  }

  private Optional<Path> absolute(String path) {
    Optional<String> text = values.text(path).filter(t -> !t.isEmpty());
    return text.isEmpty() || text.get().startsWith("/")
        ? text.map(Path::of)
        : values.bad(path, "must be an absolute path", Optional.empty());
  }
}
