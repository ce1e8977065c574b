package org.k3sjvm.kubelet.node;

import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.cri.RuntimeStatus.RuntimeCondition;

/**
 * The four conditions that a kubelet owns. Source: kubelet v1.36 pkg/kubelet/nodestatus/setters.go.
 */
final class NodeConditions {
  static final String READY = "Ready";
  private static final List<String> REQUIRED =
      List.of("cpu", "memory", "pods", "ephemeral-storage");

  private NodeConditions() {}

  /** What a condition says, without times. */
  private record Finding(String type, boolean status, String reason, String message) {}

  /**
   * The conditions now, in the order in which kubelets report them.
   *
   * @param before as they were; a condition whose status is the same keeps its transition time
   */
  static List<NodeCondition> of(
      Observation seen, Map<String, Quantity> capacity, List<NodeCondition> before, Instant now) {
    Observation.Pressure pressure = seen.pressure();
    return List.of(
        dated(
            pressure.memory()
                ? new Finding(
                    "MemoryPressure",
                    true,
                    "KubeletHasInsufficientMemory",
                    "kubelet has insufficient memory available")
                : new Finding(
                    "MemoryPressure",
                    false,
                    "KubeletHasSufficientMemory",
                    "kubelet has sufficient memory available"),
            before,
            now),
        dated(
            pressure.disk()
                ? new Finding(
                    "DiskPressure", true, "KubeletHasDiskPressure", "kubelet has disk pressure")
                : new Finding(
                    "DiskPressure",
                    false,
                    "KubeletHasNoDiskPressure",
                    "kubelet has no disk pressure"),
            before,
            now),
        dated(
            pressure.pids()
                ? new Finding(
                    "PIDPressure",
                    true,
                    "KubeletHasInsufficientPID",
                    "kubelet has insufficient PID available")
                : new Finding(
                    "PIDPressure",
                    false,
                    "KubeletHasSufficientPID",
                    "kubelet has sufficient PID available"),
            before,
            now),
        dated(ready(seen, capacity), before, now));
  }

  /** The reason for the event when a condition changes, such as {@code NodeReady}. */
  static String eventReason(NodeCondition condition) {
    boolean yes = condition.getStatus().equals("True");
    return switch (condition.getType()) {
      case "MemoryPressure" -> yes ? "NodeHasInsufficientMemory" : "NodeHasSufficientMemory";
      case "DiskPressure" -> yes ? "NodeHasDiskPressure" : "NodeHasNoDiskPressure";
      case "PIDPressure" -> yes ? "NodeHasInsufficientPID" : "NodeHasSufficientPID";
      default -> yes ? "NodeReady" : "NodeNotReady";
    };
  }

  /** Whether two say the same, their heartbeats aside. */
  static boolean same(NodeCondition one, NodeCondition other) {
    return one.getType().equals(other.getType())
        && one.getStatus().equals(other.getStatus())
        && one.getReason().equals(other.getReason())
        && one.getMessage().equals(other.getMessage())
        && one.getLastTransitionTime().equals(other.getLastTransitionTime());
  }

  static Optional<NodeCondition> find(List<NodeCondition> conditions, String type) {
    return conditions.stream().filter(c -> c.getType().equals(type)).findFirst();
  }

  private static Finding ready(Observation seen, Map<String, Quantity> capacity) {
    List<String> faults = faults(seen, capacity);
    return faults.isEmpty()
        ? new Finding(READY, true, "KubeletReady", "kubelet is posting ready status")
        : new Finding(READY, false, "KubeletNotReady", joined(faults));
  }

  private static List<String> faults(Observation seen, Map<String, Quantity> capacity) {
    List<String> faults = new ArrayList<>();
    seen.runtimeFault().ifPresent(faults::add);
    if (seen.runtimeFault().isEmpty()) {
      condition(seen, RuntimeStatus.RUNTIME_READY)
          .filter(condition -> !condition.status())
          .ifPresent(condition -> faults.add(text(condition)));
    }
    faults.addAll(network(seen));
    if (seen.shuttingDown()) {
      faults.add("node is shutting down");
    }
    List<String> missing = REQUIRED.stream().filter(name -> !capacity.containsKey(name)).toList();
    if (!missing.isEmpty()) {
      faults.add("missing node capacity for resources: " + String.join(", ", missing));
    }
    return faults;
  }

  private static List<String> network(Observation seen) {
    if (seen.runtime().isEmpty()) {
      return List.of("network state unknown");
    }
    return condition(seen, RuntimeStatus.NETWORK_READY)
        .filter(condition -> !condition.status())
        .map(condition -> List.of("container runtime network not ready: " + text(condition)))
        .orElse(List.of());
  }

  private static Optional<RuntimeCondition> condition(Observation seen, String type) {
    return seen.runtime().flatMap(runtime -> runtime.condition(type));
  }

  private static String text(RuntimeCondition condition) {
    return condition.type()
        + "="
        + condition.status()
        + " reason:"
        + condition.reason()
        + " message:"
        + condition.message();
  }

  private static String joined(List<String> faults) {
    return faults.size() == 1 ? faults.getFirst() : "[" + String.join(", ", faults) + "]";
  }

  private static NodeCondition dated(Finding finding, List<NodeCondition> before, Instant now) {
    String time = now.truncatedTo(ChronoUnit.SECONDS).toString();
    String status = finding.status() ? "True" : "False";
    String since =
        find(before, finding.type())
            .filter(old -> old.getStatus().equals(status))
            .map(NodeCondition::getLastTransitionTime)
            .orElse(time);
    return new NodeConditionBuilder()
        .withType(finding.type())
        .withStatus(status)
        .withReason(finding.reason())
        .withMessage(finding.message())
        .withLastHeartbeatTime(time)
        .withLastTransitionTime(since)
        .build();
  }
}
