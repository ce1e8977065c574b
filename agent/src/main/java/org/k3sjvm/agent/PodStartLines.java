package org.k3sjvm.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.trace.PodStart;
import org.k3sjvm.kubelet.trace.StartStep;

/** How pods started, as the agent tells it on its {@link LocalSocket}: a line of JSON for each. */
public final class PodStartLines {
  private PodStartLines() {}

  /**
   * Asks the agent of this machine.
   *
   * @return oldest first
   * @throws IOException when no agent answers there
   */
  public static List<PodStart> ask(Path dataDir) throws IOException {
    return LocalSocket.ask(dataDir, LocalSocket.POD_STARTS)
        .lines()
        .map(PodStartLines::parse)
        .toList();
  }

  static String of(List<PodStart> starts) {
    return starts.stream().map(start -> json(start) + "\n").collect(Collectors.joining());
  }

  private static String json(PodStart start) {
    ObjectNode node = KubeJson.mapper().createObjectNode();
    node.put("namespace", start.namespace()).put("name", start.name()).put("uid", start.uid());
    node.put("seen", start.seen().toString());
    ObjectNode after = node.putObject("afterMillis");
    start.after().forEach((step, time) -> after.put(step.name(), time.toMillis()));
    return node.toString();
  }

  private static PodStart parse(String line) {
    JsonNode node = KubeJson.read(line, JsonNode.class);
    Map<StartStep, Duration> after = new EnumMap<>(StartStep.class);
    List<StartStep> steps = new ArrayList<>(List.of(StartStep.values()));
    steps.removeIf(step -> !node.path("afterMillis").has(step.name()));
    for (StartStep step : steps) {
      after.put(step, Duration.ofMillis(node.path("afterMillis").path(step.name()).asLong()));
    }
    return new PodStart(
        node.path("namespace").asText(),
        node.path("name").asText(),
        node.path("uid").asText(),
        Instant.parse(node.path("seen").asText()),
        after);
  }
}
