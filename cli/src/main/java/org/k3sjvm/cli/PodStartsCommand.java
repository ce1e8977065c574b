package org.k3sjvm.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.agent.LocalSocket;
import org.k3sjvm.agent.PodStartLines;
import org.k3sjvm.kubelet.trace.PodStart;
import org.k3sjvm.kubelet.trace.StartStep;

/** {@code k3s pod-starts}: how long each step took, for the newest pods of the agent here. */
final class PodStartsCommand {
  private static final String HELP =
      """
      NAME:
         k3s pod-starts - how long each step of the newest pods' start took, as the agent of this machine tells it

      USAGE:
         k3s pod-starts [--data-dir=/var/lib/rancher/k3s] [-o text|json]

      EXIT CODE:
         0: told, 1: no agent answers
      """;

  private PodStartsCommand() {}

  static int run(
      List<String> arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
    AgentQuestion question = AgentQuestion.parse("pod-starts", arguments, environment);
    if (question.help()) {
      out.print(HELP);
      return Main.OK;
    }
    try {
      out.print(
          question.json()
              ? LocalSocket.ask(question.dataDir(), LocalSocket.POD_STARTS)
              : table(PodStartLines.ask(question.dataDir())));
      return Main.OK;
    } catch (IOException e) {
      err.println(
          "no agent answers at "
              + LocalSocket.of(question.dataDir())
              + " ("
              + e.getMessage()
              + "); run this as root where 'k3s agent' runs, with the same --data-dir");
      return Main.FAILED;
    }
  }

  /** Milliseconds that each step took, and the whole until Ready. */
  static String table(List<PodStart> starts) {
    List<String> head = new ArrayList<>(List.of("POD", "SEEN"));
    for (StartStep step : StartStep.values()) {
      head.add(step.name());
    }
    head.add("TOTAL");
    List<List<String>> rows = new ArrayList<>(List.of(head));
    for (PodStart start : starts) {
      List<String> row = new ArrayList<>();
      row.add(start.namespace() + "/" + start.name());
      row.add(start.seen().toString());
      for (StartStep step : StartStep.values()) {
        row.add(millis(start.took(step).orElse(null)));
      }
      row.add(millis(start.after().get(StartStep.READY)));
      rows.add(row);
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        int column = i;
        int width = rows.stream().mapToInt(r -> r.get(column).length()).max().orElse(0);
        boolean last = i == row.size() - 1;
        text.append(
            last ? row.get(i) : String.format(Locale.ROOT, "%-" + (width + 2) + "s", row.get(i)));
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static String millis(@Nullable Duration time) {
    return time == null ? "-" : time.toMillis() + "ms";
  }
}
