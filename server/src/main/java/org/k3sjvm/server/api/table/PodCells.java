package org.k3sjvm.server.api.table;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** What the row of a pod says. Source: kube-apiserver v1.32 printers.go printPod. */
final class PodCells {
  private PodCells() {}

  static String ready(ObjectNode pod) {
    int ready = 0;
    int total = Trees.at(pod, "spec", "containers").size();
    for (JsonNode status : Trees.at(pod, "status", "containerStatuses")) {
      if (status.path("ready").asBoolean() && status.path("state").has("running")) {
        ready++;
      }
    }
    for (JsonNode container : Trees.at(pod, "spec", "initContainers")) {
      if (sidecar(container)) {
        total++;
        ready +=
            Trees.find(
                        Trees.at(pod, "status", "initContainerStatuses"),
                        "name",
                        Trees.text(container, "name"))
                    .filter(status -> status.path("ready").asBoolean())
                    .isPresent()
                ? 1
                : 0;
      }
    }
    return ready + "/" + total;
  }

  private static boolean sidecar(JsonNode container) {
    return Trees.text(container, "restartPolicy").equals("Always");
  }

  static String status(ObjectNode pod) {
    String reason = Trees.text(pod, "status", "reason");
    if (reason.isEmpty()) {
      reason = Trees.text(pod, "status", "phase");
    }
    for (JsonNode condition : Trees.at(pod, "status", "conditions")) {
      if (Trees.text(condition, "type").equals("PodScheduled")
          && Trees.text(condition, "reason").equals("SchedulingGated")) {
        reason = "SchedulingGated";
      }
    }
    Optional<String> initializing = initializing(pod);
    reason = initializing.isPresent() ? initializing.get() : running(pod, reason);
    if (Meta.deleting(pod)) {
      if (Trees.text(pod, "status", "reason").equals("NodeLost")) {
        return "Unknown";
      }
      return reason.equals("Succeeded") || reason.equals("Failed") ? reason : "Terminating";
    }
    return reason;
  }

  private static Optional<String> initializing(ObjectNode pod) {
    List<ObjectNode> statuses = Trees.objects(pod, "status", "initContainerStatuses");
    JsonNode containers = Trees.at(pod, "spec", "initContainers");
    for (int i = 0; i < statuses.size(); i++) {
      JsonNode status = statuses.get(i);
      JsonNode state = status.path("state");
      JsonNode ended = Trees.at(state, "terminated");
      boolean isSidecar =
          Trees.find(containers, "name", Trees.text(status, "name"))
              .filter(PodCells::sidecar)
              .isPresent();
      if (!ended.isMissingNode() && Trees.number(ended, "exitCode") == 0) {
        continue;
      }
      if (isSidecar && status.path("started").asBoolean()) {
        continue;
      }
      if (!ended.isMissingNode()) {
        return Optional.of("Init:" + endedReason(ended));
      }
      String waiting = Trees.text(state, "waiting", "reason");
      if (!waiting.isEmpty() && !waiting.equals("PodInitializing")) {
        return Optional.of("Init:" + waiting);
      }
      return Optional.of("Init:" + i + "/" + containers.size());
    }
    return Optional.empty();
  }

  private static String running(ObjectNode pod, String before) {
    String reason = before;
    boolean hasRunning = false;
    for (ObjectNode status : Trees.objects(pod, "status", "containerStatuses").reversed()) {
      JsonNode state = status.path("state");
      String waiting = Trees.text(state, "waiting", "reason");
      if (!waiting.isEmpty()) {
        reason = waiting;
      } else if (state.has("terminated")) {
        reason = endedReason(state.path("terminated"));
      } else if (status.path("ready").asBoolean() && state.has("running")) {
        hasRunning = true;
      }
    }
    if (reason.equals("Completed") && hasRunning) {
      return condition(pod, "Ready").equals("True") ? "Running" : "NotReady";
    }
    return reason;
  }

  private static String endedReason(JsonNode ended) {
    String reason = Trees.text(ended, "reason");
    if (!reason.isEmpty()) {
      return reason;
    }
    long signal = Trees.number(ended, "signal");
    return signal != 0 ? "Signal:" + signal : "ExitCode:" + Trees.number(ended, "exitCode");
  }

  static String condition(JsonNode object, String type) {
    return Trees.find(Trees.at(object, "status", "conditions"), "type", type)
        .map(condition -> Trees.text(condition, "status"))
        .orElse("");
  }

  static String restarts(ObjectNode pod, Instant now) {
    long count = 0;
    Optional<Instant> last = Optional.empty();
    for (JsonNode status : Trees.at(pod, "status", "containerStatuses")) {
      count += Trees.number(status, "restartCount");
      Optional<Instant> ended = Trees.instant(status, "lastState", "terminated", "finishedAt");
      if (ended.isPresent() && (last.isEmpty() || last.get().isBefore(ended.get()))) {
        last = ended;
      }
    }
    String text = Long.toString(count);
    return count == 0 || last.isEmpty()
        ? text
        : text + " (" + Ages.human(Duration.between(last.get(), now)) + " ago)";
  }

  static String gates(ObjectNode pod) {
    List<ObjectNode> gates = Trees.objects(pod, "spec", "readinessGates");
    if (gates.isEmpty()) {
      return "<none>";
    }
    long passed =
        gates.stream()
            .filter(gate -> condition(pod, Trees.text(gate, "conditionType")).equals("True"))
            .count();
    return passed + "/" + gates.size();
  }
}
