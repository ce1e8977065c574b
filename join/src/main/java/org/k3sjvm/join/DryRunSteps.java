package org.k3sjvm.join;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.join.DryRunReport.Outcome;
import org.k3sjvm.join.DryRunReport.Stage;
import org.k3sjvm.join.DryRunReport.Step;

/** What a {@link DryRun} has seen so far. */
final class DryRunSteps {
  private final List<Step> steps = new ArrayList<>();
  private final List<Finding> findings = new ArrayList<>();

  /** A stage ended so; what was said of it before counts no more. */
  void step(Stage stage, Outcome outcome, String detail) {
    steps.removeIf(step -> step.stage() == stage);
    steps.add(new Step(stage, outcome, detail));
  }

  /** A stage failed, for this reason. */
  void fail(Stage stage, Finding finding) {
    find(finding);
    step(stage, Outcome.FAILED, finding.message());
  }

  /** Something that the user should know, whether or not it ends the join. */
  void find(Finding finding) {
    findings.add(finding);
  }

  boolean failed(Stage stage) {
    return steps.stream()
        .anyMatch(step -> step.stage() == stage && step.outcome() == Outcome.FAILED);
  }

  boolean has(Stage stage) {
    return steps.stream().anyMatch(step -> step.stage() == stage);
  }

  /** All stages in order; those that nothing was said of were not tried. */
  DryRunReport report() {
    for (Stage stage : Stage.values()) {
      if (!has(stage)) {
        step(stage, Outcome.SKIPPED, "not tried");
      }
    }
    steps.sort(Comparator.comparing(Step::stage));
    return new DryRunReport(steps, findings);
  }
}
