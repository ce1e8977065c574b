package org.k3sjvm.server.control.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.server.control.Things;

class JobPlanTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  @ParameterizedTest(name = "{0}: {1} active, {2} succeeded, {3} failed: {4}")
  @CsvSource({
    "'completions: 1', 0, 0, 0, '+1'",
    "'completions: 5, parallelism: 2', 0, 0, 0, '+2'",
    "'completions: 5, parallelism: 2', 1, 4, 0, 'nothing'",
    "'completions: 5, parallelism: 2', 0, 5, 0, 'CompletionsReached'",
    "'completions: 5, parallelism: 2', 3, 0, 0, '-1'",
    "'parallelism: 3', 0, 0, 0, '+3'",
    "'parallelism: 3', 2, 1, 0, 'nothing'",
    "'parallelism: 3', 0, 1, 0, 'CompletionsReached'",
    "'completions: 1, backoffLimit: 1', 0, 0, 2, 'BackoffLimitExceeded'",
    "'completions: 2, backoffLimit: 1', 1, 0, 2, 'BackoffLimitExceeded -1'",
    "'completions: 1, suspend: true', 1, 0, 0, '-1'",
    "'completions: 1, activeDeadlineSeconds: 60', 1, 0, 0, 'DeadlineExceeded -1'",
    "'completions: 1, activeDeadlineSeconds: 61', 0, 0, 0, '+1 again in 1 s'",
  })
  void followsFromTheCounts(String spec, int active, int succeeded, int failed, String expected) {
    Job job =
        Things.read(
            Job.class,
            "{'metadata': {'name': 'x', 'namespace': 'default'}, 'spec': {"
                + spec.replaceAll("(\\w+):", "'$1':")
                + "}}");
    List<Pod> pods = new ArrayList<>();
    add(pods, "Running", active);
    add(pods, "Succeeded", succeeded);
    add(pods, "Failed", failed);
    JobPlan.Tally tally = JobPlan.tally(job, pods);
    assertThat(text(JobPlan.of(job, tally, pods, NOON.minusSeconds(60), NOON))).isEqualTo(expected);
  }

  @Test
  void waitsLongerAfterEachFailure() {
    Job job =
        Things.read(
            Job.class,
            "{'metadata': {'name': 'x', 'namespace': 'default'}, 'spec': {'completions': 1}}");
    List<Pod> pods = new ArrayList<>();
    add(pods, "Failed", 3);
    pods.getFirst()
        .setStatus(
            Things.read(
                    Pod.class,
                    "{'status': {'phase': 'Failed', 'containerStatuses': [{'state': {'terminated':"
                        + " {'finishedAt': '2026-01-01T11:59:55Z'}}}]}}")
                .getStatus());
    JobPlan plan = JobPlan.of(job, JobPlan.tally(job, pods), pods, NOON, NOON);
    assertThat(plan.create()).isEmpty();
    assertThat(plan.lookAgain()).hasValue(Duration.ofSeconds(35));
  }

  private static void add(List<Pod> pods, String phase, int count) {
    for (int i = 0; i < count; i++) {
      Pod pod = Things.pod(phase + i);
      pod.getStatus().setPhase(phase);
      pods.add(pod);
    }
  }

  private static String text(JobPlan plan) {
    List<String> parts = new ArrayList<>();
    plan.end().ifPresent(end -> parts.add(end.reason()));
    if (!plan.create().isEmpty()) {
      parts.add("+" + plan.create().size());
    }
    if (!plan.delete().isEmpty()) {
      parts.add("-" + plan.delete().size());
    }
    plan.lookAgain().ifPresent(wait -> parts.add("again in " + wait.toSeconds() + " s"));
    return parts.isEmpty() ? "nothing" : String.join(" ", parts);
  }
}
