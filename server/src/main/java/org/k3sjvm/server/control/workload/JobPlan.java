package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.annotations;
import static org.k3sjvm.server.control.cluster.Fields.list;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.Pods;

/**
 * What a Job does next: the decision, without effects. Source: kube-controller-manager v1.36
 * pkg/controller/job.
 *
 * @param create the index of each pod to make; {@link #NO_INDEX} where the job has no indexes
 * @param delete the pods that are too many
 * @param end how the job ends now
 * @param lookAgain when time alone will change the plan
 */
record JobPlan(
    List<Integer> create, List<Pod> delete, Optional<End> end, Optional<Duration> lookAgain) {
  static final int NO_INDEX = -1;

  /** Says on a pod which index it has. */
  static final String INDEX = "batch.kubernetes.io/job-completion-index";

  private static final Duration FIRST_BACKOFF = Duration.ofSeconds(10);
  private static final Duration LONGEST_BACKOFF = Duration.ofMinutes(10);
  private static final int MOST_DOUBLINGS = 6;

  JobPlan {
    create = List.copyOf(create);
    delete = List.copyOf(delete);
  }

  /** The end of a job. */
  record End(boolean complete, String reason, String message) {
    static final End REACHED =
        new End(true, "CompletionsReached", "Reached expected number of succeeded pods");
    static final End TOO_MANY_FAILURES =
        new End(false, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    static final End TOO_LATE =
        new End(false, "DeadlineExceeded", "Job was active longer than specified deadline");
  }

  /**
   * The pods of a job by state.
   *
   * @param succeeded at least as many as were ever reported
   */
  record Tally(List<Pod> active, int succeeded, int failed, Set<Integer> done) {}

  /** The plan for a job that has not ended. */
  static JobPlan of(Job job, Tally tally, List<Pod> pods, Instant started, Instant now) {
    if (job.spec().suspend()) {
      return new JobPlan(List.of(), tally.active(), Optional.empty(), Optional.empty());
    }
    int restarts = tally.active().stream().mapToInt(Pods::restarts).sum();
    if (tally.failed() > job.backoffLimit() || (restarts > 0 && restarts > job.backoffLimit())) {
      return ended(End.TOO_MANY_FAILURES, tally);
    }
    Optional<Duration> untilDeadline =
        Optional.ofNullable(job.spec().activeDeadlineSeconds())
            .map(seconds -> Duration.between(now, started.plusSeconds(seconds)));
    if (untilDeadline.filter(left -> !left.isPositive()).isPresent()) {
      return ended(End.TOO_LATE, tally);
    }
    Integer completions = job.spec().completions();
    boolean reached =
        completions == null
            ? tally.succeeded() > 0 && tally.active().isEmpty()
            : tally.succeeded() >= completions;
    if (reached) {
      return ended(End.REACHED, tally);
    }
    int wanted = wanted(job, tally);
    int missing = wanted - tally.active().size();
    if (missing <= 0) {
      return new JobPlan(
          List.of(),
          tally.active().subList(0, Math.min(-missing, tally.active().size())),
          Optional.empty(),
          untilDeadline);
    }
    Duration wait = backoff(tally.failed(), pods, now);
    if (wait.isPositive()) {
      return new JobPlan(
          List.of(),
          List.of(),
          Optional.empty(),
          Optional.of(untilDeadline.filter(left -> left.compareTo(wait) < 0).orElse(wait)));
    }
    return new JobPlan(indexes(job, tally, missing), List.of(), Optional.empty(), untilDeadline);
  }

  private static JobPlan ended(End end, Tally tally) {
    return new JobPlan(List.of(), tally.active(), Optional.of(end), Optional.empty());
  }

  private static int wanted(Job job, Tally tally) {
    Integer completions = job.spec().completions();
    if (completions != null) {
      return Math.min(job.parallelism(), completions - tally.succeeded());
    }
    return tally.succeeded() > 0
        ? Math.min(job.parallelism(), tally.active().size())
        : job.parallelism();
  }

  private static List<Integer> indexes(Job job, Tally tally, int missing) {
    List<Integer> result = new ArrayList<>();
    if (!isIndexed(job)) {
      for (int i = 0; i < missing; i++) {
        result.add(NO_INDEX);
      }
      return result;
    }
    Set<Integer> taken = new TreeSet<>(tally.done());
    tally.active().forEach(pod -> index(pod).ifPresent(taken::add));
    for (int i = 0; i < Fields.number(job.spec().completions(), 0); i++) {
      if (result.size() < missing && !taken.contains(i)) {
        result.add(i);
      }
    }
    return result;
  }

  static boolean isIndexed(Job job) {
    return "Indexed".equals(job.spec().completionMode());
  }

  static Optional<Integer> index(Pod pod) {
    try {
      return Optional.of(Integer.valueOf(annotations(pod).getOrDefault(INDEX, "none")));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Counts the pods of a job; what was reported stays counted when the pods are gone. */
  static Tally tally(Job job, List<Pod> pods) {
    List<Pod> active = new ArrayList<>();
    Set<Integer> done = new TreeSet<>();
    int succeeded = 0;
    int failed = 0;
    for (Pod pod : pods) {
      switch (Pods.phase(pod)) {
        case "Succeeded" -> {
          succeeded++;
          index(pod).ifPresent(done::add);
        }
        case "Failed" -> failed++;
        default -> {
          if (pod.getMetadata().getDeletionTimestamp() == null) {
            active.add(pod);
          }
        }
      }
    }
    return new Tally(
        active,
        isIndexed(job) ? done.size() : Math.max(succeeded, job.observed().succeeded()),
        Math.max(failed, job.observed().failed()),
        done);
  }

  /** How long to wait after the last failure: 10 s, doubling. */
  private static Duration backoff(int failed, List<Pod> pods, Instant now) {
    Optional<Instant> last =
        pods.stream()
            .filter(pod -> Pods.phase(pod).equals("Failed"))
            .flatMap(JobPlan::finished)
            .max(Instant::compareTo);
    if (failed == 0 || last.isEmpty()) {
      return Duration.ZERO;
    }
    Duration wait = FIRST_BACKOFF.multipliedBy(1L << Math.min(failed - 1, MOST_DOUBLINGS));
    Duration shorter = wait.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : wait;
    return Duration.between(now, last.get().plus(shorter));
  }

  private static Stream<Instant> finished(Pod pod) {
    return list(pod.getStatus().getContainerStatuses()).stream()
        .map(ContainerStatus::getState)
        .filter(state -> state != null && state.getTerminated() != null)
        .flatMap(state -> Fields.instant(state.getTerminated().getFinishedAt()).stream());
  }
}
