package org.k3sjvm.join;

import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.finding.Finding;

/**
 * What came of a {@link DryRun}.
 *
 * @param steps in the order in which a join takes them
 */
public record DryRunReport(List<Step> steps, List<Finding> findings) {
  public DryRunReport {
    steps = List.copyOf(steps);
    findings = List.copyOf(findings);
  }

  /** What a join needs, one after the other. */
  public enum Stage {
    DNS("name of the server"),
    TCP("connection"),
    TLS("TLS"),
    CLOCK("clock"),
    AUTHORITIES("authorities and pin"),
    TOKEN("token"),
    SERVER("server's settings"),
    ADDRESSES("addresses of this node"),
    VERSION("server's version"),
    PASSWORD("node name and password"),
    SERVERS("other servers");

    private final String text;

    Stage(String text) {
      this.text = text;
    }

    /** For people. */
    public String text() {
      return text;
    }
  }

  /** How a stage ended. */
  public enum Outcome {
    PASSED,
    FAILED,
    /** Not tried, as a stage before failed. */
    SKIPPED,
    /** It cannot be known without joining. */
    UNKNOWN
  }

  /**
   * One stage.
   *
   * @param detail what was seen
   */
  public record Step(Stage stage, Outcome outcome, String detail) {}

  /** The stage that a join would not get past. */
  public Optional<Stage> failedAt() {
    return steps.stream()
        .filter(step -> step.outcome() == Outcome.FAILED)
        .map(Step::stage)
        .findFirst();
  }
}
