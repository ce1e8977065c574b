package org.k3sjvm.agent.status;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * An agent's report as sections of lines, for {@code k3s status} and the page. Reads the JSON that
 * programs get, so that all three say the same.
 */
public final class StatusText {
  private static final long EXPIRES_SOON_DAYS = 30;

  /**
   * Lines under a title.
   *
   * @param well whether nothing in it needs looking at
   */
  public record Section(String title, boolean well, List<String> lines) {
    public Section {
      lines = List.copyOf(lines);
    }
  }

  private StatusText() {}

  /** For people at a terminal. */
  public static String of(JsonNode report) {
    StringBuilder text = new StringBuilder();
    for (Section section : sections(report)) {
      text.append(section.title()).append(section.well() ? "" : " (!)").append('\n');
      section.lines().forEach(line -> text.append("  ").append(printable(line)).append('\n'));
    }
    return text.toString();
  }

  /** What of it needs looking at comes with {@code well} false. */
  public static List<Section> sections(JsonNode report) {
    return List.of(
        agent(report),
        servers(report),
        tunnels(report),
        pods(report),
        volumes(report),
        network(report),
        certificates(report),
        troubles(report));
  }

  private static Section agent(JsonNode report) {
    List<String> lines = new ArrayList<>();
    lines.add(report.path("stage").asText("") + ", for " + time(report.path("stageSeconds")));
    JsonNode node = report.path("node");
    lines.add(
        node.isMissingNode()
            ? "not joined to " + report.path("server").asText() + " yet"
            : "node %s at %s, of %s"
                .formatted(
                    node.path("name").asText(),
                    node.path("addresses").asText(),
                    report.path("server").asText()));
    lines.add(
        "%s, pid %d, up for %s"
            .formatted(
                report.path("version").asText(),
                report.path("pid").asLong(),
                time(report.path("upSeconds"))));
    JsonNode cold = report.path("coldStart");
    boolean running = cold.path("running").asBoolean();
    lines.add(
        running
            ? "cold start: pods run with what a server said before"
            : cold.path("enabled").asBoolean()
                ? "cold start: ready, for "
                    + time(cold.path("maxAgeSeconds"))
                    + " after a server's last answer"
                : "cold start: off");
    return new Section("agent", report.path("ready").asBoolean() && !running, lines);
  }

  private static Section servers(JsonNode report) {
    List<String> lines = new ArrayList<>();
    boolean well = servers(report.path("servers"), "", lines);
    if (report.path("servers").isEmpty()) {
      lines.add(report.path("server").asText() + "  without a load balancer");
      well = true;
    }
    if (report.has("apiServers")) {
      well &= servers(report.path("apiServers"), "API server ", lines);
    }
    if (report.has("lastFailures")) {
      lines.add("last failures: " + report.path("lastFailures").asText());
    }
    return new Section("servers", well, lines);
  }

  /** Says whether one is left that may answer. */
  private static boolean servers(JsonNode servers, String what, List<String> lines) {
    boolean well = false;
    for (JsonNode server : servers) {
      String state = server.path("state").asText();
      well |= !state.equals("failed");
      String line =
          "%s%s  %s, %d connections"
              .formatted(
                  what, server.path("address").asText(), state, server.path("connections").asInt());
      lines.add(
          server.has("lastFailure")
              ? "%s; last failure at %s: %s"
                  .formatted(
                      line,
                      server.path("lastFailureAt").asText(),
                      server.path("lastFailure").asText())
              : line);
    }
    return well;
  }

  private static Section tunnels(JsonNode report) {
    List<String> lines = new ArrayList<>();
    boolean well = true;
    for (JsonNode tunnel : report.path("tunnels")) {
      boolean up = tunnel.path("health").asText().equals("ok");
      well &= up;
      StringBuilder line = new StringBuilder(tunnel.path("server").asText());
      line.append("  ").append(up ? "up" : "down");
      if (tunnel.has("seconds")) {
        line.append(" for ").append(time(tunnel.path("seconds")));
      }
      if (tunnel.has("roundTripMicros")) {
        line.append(
            String.format(
                Locale.ROOT, ", %.1f ms", tunnel.path("roundTripMicros").asLong() / 1000.0));
      }
      line.append(", ").append(tunnel.path("connections").asInt()).append(" connections, ");
      line.append(size(tunnel.path("sentBytes"))).append(" out, ");
      line.append(size(tunnel.path("receivedBytes"))).append(" in, lost ");
      line.append(tunnel.path("lost").asInt()).append(" times");
      if (tunnel.has("lastError")) {
        line.append("; last error at ")
            .append(tunnel.path("lastErrorAt").asText())
            .append(": ")
            .append(tunnel.path("lastError").asText());
      }
      lines.add(line.toString());
    }
    if (lines.isEmpty()) {
      lines.add("none yet");
    }
    return new Section("tunnels", well, lines);
  }

  private static Section pods(JsonNode report) {
    JsonNode pods = report.path("pods");
    if (pods.isMissingNode()) {
      return new Section("pods", true, List.of("not known before the node has joined"));
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        pods.path("total").asInt() + " on this node, " + pods.path("ready").asInt() + " ready");
    for (JsonNode pod : pods.path("notReady")) {
      lines.add(
          "%s/%s  %s: %s"
              .formatted(
                  pod.path("namespace").asText(),
                  pod.path("name").asText(),
                  pod.path("phase").asText(),
                  pod.path("reason").asText()));
    }
    return new Section("pods", pods.path("notReady").isEmpty(), lines);
  }

  /** A line for each pod, and one for each volume that is not there yet. */
  private static Section volumes(JsonNode report) {
    Map<String, List<String>> ofPods = new TreeMap<>();
    List<String> missing = new ArrayList<>();
    for (JsonNode volume : report.path("volumes")) {
      String pod = volume.path("namespace").asText() + "/" + volume.path("pod").asText();
      String named = volume.path("volume").asText() + " (" + volume.path("kind").asText() + ")";
      if (volume.has("path")) {
        ofPods.computeIfAbsent(pod, _ -> new ArrayList<>()).add(named);
      } else {
        missing.add(
            "%s  %s is not set up: %s"
                .formatted(pod, named, volume.path("fault").asText("in work")));
      }
    }
    List<String> lines = new ArrayList<>(missing);
    ofPods.forEach((pod, volumes) -> lines.add(pod + "  " + String.join(", ", volumes)));
    return new Section("volumes", missing.isEmpty(), lines.isEmpty() ? List.of("none") : lines);
  }

  private static Section network(JsonNode report) {
    JsonNode network = report.path("network");
    if (network.isMissingNode()) {
      return new Section("network", true, List.of("not known before the node has joined"));
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "flannel %s, pods %s, services %s"
            .formatted(
                network.path("backend").asText(),
                network.path("pods").asText(),
                network.path("services").asText()));
    for (JsonNode peer : network.path("unreachablePeers")) {
      lines.add("pods of node " + peer.asText() + " are not reached; 'k3s check-network' says why");
    }
    return new Section("network", network.path("unreachablePeers").isEmpty(), lines);
  }

  private static Section certificates(JsonNode report) {
    List<String> lines = new ArrayList<>();
    boolean well = true;
    for (JsonNode certificate : report.path("certificates")) {
      long days = certificate.path("days").asLong();
      well &= days > EXPIRES_SOON_DAYS;
      lines.add(
          "%s  %s, in %d days"
              .formatted(
                  certificate.path("file").asText(), certificate.path("expires").asText(), days));
    }
    if (report.has("certificatesTrouble")) {
      lines.add("cannot be read: " + report.path("certificatesTrouble").asText());
    }
    if (lines.isEmpty()) {
      lines.add("none before the node has joined");
    }
    return new Section("certificates", well, lines);
  }

  private static Section troubles(JsonNode report) {
    List<String> lines = new ArrayList<>();
    report.path("troubles").forEach(line -> lines.add(line.asText()));
    boolean none = lines.isEmpty();
    return new Section("last warnings and errors of the log", true, none ? List.of("none") : lines);
  }

  private static String time(JsonNode seconds) {
    Duration time = Duration.ofSeconds(seconds.asLong());
    if (time.toDays() > 0) {
      return time.toDays() + " d " + time.toHoursPart() + " h";
    }
    if (time.toHours() > 0) {
      return time.toHours() + " h " + time.toMinutesPart() + " min";
    }
    return time.toMinutes() > 0
        ? time.toMinutes() + " min " + time.toSecondsPart() + " s"
        : time.toSeconds() + " s";
  }

  private static String size(JsonNode bytes) {
    long count = bytes.asLong();
    return count < 1 << 20 ? (count >> 10) + " KiB" : (count >> 20) + " MiB";
  }

  /** What servers and pods say does not move the cursor of whoever reads it. */
  private static String printable(String line) {
    return line.replaceAll("\\p{Cntrl}", " ");
  }
}
