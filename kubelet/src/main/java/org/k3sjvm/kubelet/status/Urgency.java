package org.k3sjvm.kubelet.status;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Whether somebody waits for a change: phase, readiness, a reason to wait that needs a person, a
 * restart. The rest may wait a little for what follows it.
 */
final class Urgency {
  private static final Set<String> PATIENT = Set.of("", "ContainerCreating", "PodInitializing");
  private static final List<String> LISTS =
      List.of("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses");

  private Urgency() {}

  static boolean of(JsonNode before, JsonNode now) {
    return !before.path("phase").asText("Pending").equals(now.path("phase").asText())
        || isReady(before) != isReady(now)
        || !telling(before).equals(telling(now));
  }

  private static boolean isReady(JsonNode status) {
    for (JsonNode condition : status.path("conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return condition.path("status").asText().equals("True");
      }
    }
    return false;
  }

  /** Per container, so that one that begins to wait is not hidden by another that stops. */
  private static Set<String> telling(JsonNode status) {
    Set<String> all = new HashSet<>();
    for (String list : LISTS) {
      for (JsonNode container : status.path(list)) {
        String reason = container.path("state").path("waiting").path("reason").asText();
        if (!PATIENT.contains(reason)) {
          all.add(container.path("name").asText() + ' ' + reason);
        }
      }
    }
    return all;
  }
}
