package org.k3sjvm.integration.scenario;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.k3sjvm.integration.lab.Kubectl;
import org.k3sjvm.kube.KubeJson;

/** What the server shows of all pods, asked for once by many who wait. One thread. */
final class PodsSeen {
  private static final long FRESH_NANOS = Duration.ofMillis(700).toNanos();
  private static final String END = "~~~";
  private static final String STATUSES =
      "jsonpath={range .items[*]}{.metadata.name}\t{.status}" + END + "{end}";
  private static final String EVENTS =
      "jsonpath={range .items[*]}{.involvedObject.name}\t{.reason}\t{.message}" + END + "{end}";

  private final Kubectl kubectl;
  private Map<String, PodStatus> pods = Map.of();
  private String events = "";
  private long at = System.nanoTime() - FRESH_NANOS;

  /** Why something is not as its pod wants it. */
  record Trouble(String reason, String message) {
    boolean fits(String reasons, String messages) {
      return Pattern.compile(reasons).matcher(reason).matches()
          && Pattern.compile(messages, Pattern.DOTALL).matcher(message).find();
    }
  }

  PodsSeen(Kubectl kubectl) {
    this.kubectl = kubectl;
  }

  Optional<PodStatus> pod(String name) throws InterruptedException {
    look();
    return Optional.ofNullable(pods.get(name));
  }

  Stream<Trouble> events(String pod) throws InterruptedException {
    look();
    return Arrays.stream(events.split(END, -1))
        .map(line -> line.split("\t", 3))
        .filter(parts -> parts.length == 3 && parts[0].equals(pod))
        .map(parts -> new Trouble(parts[1], parts[2]));
  }

  String describe(String pod) throws InterruptedException {
    return pod(pod).map(String::valueOf).orElse("no such pod") + events(pod).toList();
  }

  static boolean isReady(PodStatus status) {
    return status.getConditions().stream()
        .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }

  /** Of each container now and in its last run. */
  static Stream<Trouble> troubles(PodStatus status) {
    return Stream.concat(
            status.getInitContainerStatuses().stream(), status.getContainerStatuses().stream())
        .flatMap(PodsSeen::troubles);
  }

  private static Stream<Trouble> troubles(ContainerStatus status) {
    return Stream.of(status.getState(), status.getLastState())
        .filter(Objects::nonNull)
        .flatMap(PodsSeen::troubles);
  }

  private static Stream<Trouble> troubles(ContainerState state) {
    Stream<Trouble> waiting =
        Stream.ofNullable(state.getWaiting()).map(w -> trouble(w.getReason(), w.getMessage()));
    Stream<Trouble> over =
        Stream.ofNullable(state.getTerminated()).map(t -> trouble(t.getReason(), t.getMessage()));
    return Stream.concat(waiting, over);
  }

  private static Trouble trouble(String reason, String message) {
    return new Trouble(
        Objects.requireNonNullElse(reason, ""), Objects.requireNonNullElse(message, ""));
  }

  private void look() throws InterruptedException {
    if (System.nanoTime() - at < FRESH_NANOS) {
      return;
    }
    Map<String, PodStatus> now = new HashMap<>();
    for (String line : kubectl.text("get", "pods", "-o", STATUSES).split(END, -1)) {
      int tab = line.indexOf('\t');
      if (tab > 0) {
        now.put(line.substring(0, tab), KubeJson.read(line.substring(tab + 1), PodStatus.class));
      }
    }
    pods = now;
    events = kubectl.text("get", "events", "-o", EVENTS);
    at = System.nanoTime();
  }
}
