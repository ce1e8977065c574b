package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.k3sjvm.kubelet.admission.Verdict.Rejected;

/**
 * What nodes of one cluster may or may not have: a node declares it, schedulers look there, and a
 * node that gets a pod all the same refuses it.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/lifecycle/handlers.go, declaredFeaturesAdmitHandler, and
 * component-helpers v1.36 nodedeclaredfeatures.
 */
public final class DeclaredFeatures {
  private static final String RESIZE_OF_PODS = "InPlacePodLevelResourcesVerticalScaling";
  private static final String RESTART_ALL = "RestartAllContainersOnContainerExits";
  private static final String HOST_NETWORK_USERS = "UserNamespacesHostNetworkSupport";

  /** What works here, by name. */
  public static final List<String> OFFERED = List.of(RESIZE_OF_PODS, RESTART_ALL);

  private DeclaredFeatures() {}

  /** Refuses a pod that needs what is not offered. */
  static Optional<Rejected> check(Pod pod, List<String> offered) {
    List<String> missing =
        needed(pod.getSpec()).stream().filter(feature -> !offered.contains(feature)).toList();
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Rejected(
                "PodFeatureUnsupported",
                "Pod requires node features that are not available: "
                    + String.join(", ", missing)));
  }

  /** By name; what only matters for a change of a pod is not among them. */
  private static List<String> needed(PodSpec spec) {
    Stream<String> restart =
        Stream.concat(spec.getContainers().stream(), spec.getInitContainers().stream())
                .anyMatch(DeclaredFeatures::restartsAll)
            ? Stream.of(RESTART_ALL)
            : Stream.empty();
    Stream<String> users =
        Boolean.TRUE.equals(spec.getHostNetwork()) && Boolean.FALSE.equals(spec.getHostUsers())
            ? Stream.of(HOST_NETWORK_USERS)
            : Stream.empty();
    return Stream.concat(restart, users).sorted().collect(Collectors.toList());
  }

  private static boolean restartsAll(Container container) {
    return container.getRestartPolicyRules().stream()
        .anyMatch(rule -> "RestartAllContainers".equals(rule.getAction()));
  }
}
