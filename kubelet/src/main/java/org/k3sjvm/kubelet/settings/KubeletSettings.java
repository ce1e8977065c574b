package org.k3sjvm.kubelet.settings;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;

/**
 * Everything that kubelet flags and KubeletConfiguration files set here. A value of this type is
 * one that a kubelet can start with.
 *
 * @param root pods' directories and volumes; flag {@code root-dir}
 * @param port of the kubelet's HTTPS API
 * @param protectKernelDefaults whether a kernel that is set otherwise than wanted ends the start
 * @param featureGates as given; those not in it have their upstream default
 */
public record KubeletSettings(
    Path root,
    int port,
    StaticPods staticPods,
    Pulls pulls,
    Rate events,
    PodRules pods,
    NodeRules node,
    Reservations reservations,
    CgroupSettings cgroups,
    Dns dns,
    boolean protectKernelDefaults,
    Map<String, Boolean> featureGates) {

  /** k3s's defaults where it has its own, the kubelet's otherwise. */
  public static final KubeletSettings DEFAULT =
      new KubeletSettings(
          Path.of("/var/lib/kubelet"),
          10250,
          StaticPods.NONE,
          new Pulls(false, OptionalInt.empty(), new Rate(5, 10)),
          new Rate(50, 100),
          new PodRules(
              110,
              0,
              Duration.ofMinutes(1),
              Duration.ofMinutes(5),
              false,
              PodRules.K3S_UNSAFE_SYSCTLS),
          new NodeRules(
              List.of(),
              "",
              Duration.ofSeconds(10),
              Duration.ofMinutes(5),
              Duration.ofSeconds(40),
              OptionalInt.of(50)),
          Reservations.DEFAULT,
          CgroupSettings.DEFAULT,
          new Dns(List.of(), Optional.empty(), Optional.empty()),
          false,
          Map.of());

  public KubeletSettings {
    featureGates = Map.copyOf(featureGates);
  }

  /**
   * Pods that no API server knows of beforehand.
   *
   * @param path a directory of manifests, or one manifest; empty for none
   * @param url answers with a pod or a list of pods; empty for none
   * @param urlHeaders sent with each request for it
   * @param fileCheck how often the path is looked at without being told of a change
   * @param httpCheck how often the URL is asked
   */
  public record StaticPods(
      Optional<Path> path,
      Optional<URI> url,
      Map<String, List<String>> urlHeaders,
      Duration fileCheck,
      Duration httpCheck) {
    /** Source: kubelet v1.36 fileCheckFrequency and httpCheckFrequency. */
    public static final StaticPods NONE =
        new StaticPods(
            Optional.empty(),
            Optional.empty(),
            Map.of(),
            Duration.ofSeconds(20),
            Duration.ofSeconds(20));

    public StaticPods {
      urlHeaders = Map.copyOf(urlHeaders);
    }
  }

  /**
   * How images are pulled.
   *
   * @param serial one after the other; k3s says no
   * @param atOnce most pulls beside each other; empty for no limit
   * @param rate how fast pulls may begin
   */
  public record Pulls(boolean serial, OptionalInt atOnce, Rate rate) {}

  /**
   * A bucket of tokens.
   *
   * @param perSecond how fast it fills; 0 for no limit
   * @param burst how many it holds
   */
  public record Rate(int perSecond, int burst) {}

  /**
   * What holds for every pod.
   *
   * @param maxPods pods that this node takes
   * @param podsPerCore at most so many for each processor, within {@code maxPods}; 0 for no limit
   * @param syncFrequency how often a pod is looked at though nothing happened
   * @param longestRestartWait where a crashing container's back-off stops to grow
   * @param seccompDefault containers that say nothing run with the runtime's profile
   * @param allowedUnsafeSysctls names, or prefixes that end in {@code *}
   */
  public record PodRules(
      int maxPods,
      int podsPerCore,
      Duration syncFrequency,
      Duration longestRestartWait,
      boolean seccompDefault,
      List<String> allowedUnsafeSysctls) {
    /** Needed by ServiceLB. Source: k3s v1.36 pkg/daemons/agent/agent_linux.go. */
    public static final List<String> K3S_UNSAFE_SYSCTLS =
        List.of("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding");

    public PodRules {
      allowedUnsafeSysctls = List.copyOf(allowedUnsafeSysctls);
    }

    /** Pods on a node of so many processors. Source: kubelet v1.36 nodestatus.MachineInfo. */
    public int maxPodsOn(int cpus) {
      return podsPerCore > 0 ? Math.min(podsPerCore * cpus, maxPods) : maxPods;
    }
  }

  /**
   * What the Node object says and how often.
   *
   * @param taints set when the node is made
   * @param providerId set when the node is made; empty for none
   * @param statusUpdate how often the status is computed
   * @param statusReport how often it is sent though nothing changed
   * @param lease how long the server believes in the node without a sign
   * @param maxImages images that the status lists; empty for all
   */
  public record NodeRules(
      List<NodeTaint> taints,
      String providerId,
      Duration statusUpdate,
      Duration statusReport,
      Duration lease,
      OptionalInt maxImages) {
    public NodeRules {
      taints = List.copyOf(taints);
    }
  }

  /** A taint; the value may be empty. */
  public record NodeTaint(String key, String value, String effect) {}

  /**
   * Name resolution of pods, in place of what the cluster says.
   *
   * @param servers empty for the cluster's
   * @param domain empty for the cluster's
   * @param resolvConf the host's resolver file; empty for the one that the agent chose
   */
  public record Dns(List<String> servers, Optional<String> domain, Optional<Path> resolvConf) {
    public Dns {
      servers = List.copyOf(servers);
    }
  }
}
