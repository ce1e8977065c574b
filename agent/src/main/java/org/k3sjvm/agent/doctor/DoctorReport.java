package org.k3sjvm.agent.doctor;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.join.DryRunReport;
import org.k3sjvm.kube.KubeJson;

/**
 * What the doctor found.
 *
 * @param seen what was looked at here
 * @param host of this host and its settings
 * @param join of the way to the server; empty when no server was named
 */
public record DoctorReport(
    String server, String seen, List<Finding> host, Optional<DryRunReport> join) {
  public DoctorReport {
    host = List.copyOf(host);
  }

  /** The worst first. */
  public List<Finding> findings() {
    return Stream.concat(host.stream(), join.stream().flatMap(report -> report.findings().stream()))
        .sorted(Comparator.comparing(Finding::severity))
        .toList();
  }

  /** Whether an agent would not work so. */
  public boolean hinders() {
    return findings().stream().anyMatch(Finding::hinders);
  }

  /** For people. */
  public String text() {
    StringBuilder text = new StringBuilder();
    text.append("host: ").append(seen).append('\n');
    if (join.isPresent()) {
      text.append("join ").append(server).append(", tried without joining:\n");
      for (DryRunReport.Step step : join.get().steps()) {
        text.append(
            String.format(
                Locale.ROOT,
                "  %-7s %s: %s%n",
                step.outcome().name().toLowerCase(Locale.ROOT),
                step.stage().text(),
                step.detail()));
      }
    } else {
      text.append("join: not tried, as no --server is named\n");
    }
    findings().forEach(finding -> text.append(finding.text()));
    long errors = findings().stream().filter(Finding::hinders).count();
    return text.append(
            "%d findings, %d of them hinder an agent%n".formatted(findings().size(), errors))
        .toString();
  }

  /** For programs. */
  public String json() {
    ObjectNode root = KubeJson.newObject();
    root.put("host", seen);
    join.ifPresent(
        report -> {
          ObjectNode tried = root.putObject("join").put("server", server);
          report
              .failedAt()
              .ifPresent(stage -> tried.put("failedAt", stage.name().toLowerCase(Locale.ROOT)));
          ArrayNode stages = tried.putArray("stages");
          report
              .steps()
              .forEach(
                  step ->
                      stages
                          .addObject()
                          .put("stage", step.stage().name().toLowerCase(Locale.ROOT))
                          .put("outcome", step.outcome().name().toLowerCase(Locale.ROOT))
                          .put("detail", step.detail()));
        });
    ArrayNode list = root.putArray("findings");
    for (Finding finding : findings()) {
      list.addObject()
          .put("id", finding.id())
          .put("severity", finding.severity().text())
          .put("message", finding.message())
          .put("cause", finding.cause())
          .put("repair", finding.repair());
    }
    return root.toPrettyString() + "\n";
  }
}
