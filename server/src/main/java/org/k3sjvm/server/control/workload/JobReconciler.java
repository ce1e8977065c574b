package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.map;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.Reconciler;

/** Runs the pods of a Job until enough have succeeded or too many have failed. */
public final class JobReconciler implements Reconciler<ObjectName> {
  private final Cluster cluster;
  private final ObjectCache<Job> jobs;
  private final OwnedPods<Job> pods;

  public JobReconciler(Cluster cluster) {
    this.cluster = cluster;
    this.jobs = cluster.cache(Workload.JOBS);
    this.pods = new OwnedPods<>(cluster, Workload.JOBS, "job-controller");
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<Job> found = jobs.find(name);
    if (found.isEmpty() || jobs.isDeleting(found.get())) {
      return NO_LATER_LOOK;
    }
    Job job = found.get();
    Instant now = cluster.clock().instant();
    if (job.ended().isPresent()) {
      return removeWhenOld(job, now);
    }
    List<Pod> owned = new ArrayList<>(pods.claim(job));
    owned.removeIf(pod -> !Pods.isTerminal(pod) && cluster.pods().isDeleting(pod));
    JobPlan.Tally tally = JobPlan.tally(job, owned);
    Optional<Instant> before = Fields.instant(job.observed().startTime());
    Instant started = before.orElse(now);
    JobPlan plan = JobPlan.of(job, tally, owned, started, now);
    List<Pod> wanted = new ArrayList<>();
    for (int index : plan.create()) {
      wanted.add(podFor(job, index));
    }
    pods.delete(job, plan.delete());
    pods.create(job, wanted);
    report(job, tally, plan, started, now);
    return plan.lookAgain();
  }

  private Pod podFor(Job job, int index) {
    Pod pod = pods.fromTemplate(job, job.templateCopy());
    if (index != JobPlan.NO_INDEX) {
      String text = Integer.toString(index);
      Map<String, String> notes = new LinkedHashMap<>(map(pod.getMetadata().getAnnotations()));
      notes.put(JobPlan.INDEX, text);
      pod.getMetadata().setAnnotations(notes);
      Map<String, String> labels = new LinkedHashMap<>(map(pod.getMetadata().getLabels()));
      labels.put(JobPlan.INDEX, text);
      pod.getMetadata().setLabels(labels);
      pod.getMetadata().setGenerateName(job.metadata().getName() + "-" + text + "-");
      pod.getSpec().setHostname(job.metadata().getName() + "-" + text);
      for (Container container : pod.getSpec().getContainers()) {
        List<EnvVar> env = new ArrayList<>(list(container.getEnv()));
        env.add(new EnvVar("JOB_COMPLETION_INDEX", text, null));
        container.setEnv(env);
      }
    }
    return pod;
  }

  private void report(Job job, JobPlan.Tally tally, JobPlan plan, Instant started, Instant now)
      throws InterruptedException {
    List<Workload.Condition> conditions = new ArrayList<>();
    for (Workload.Condition other : list(job.observed().conditions())) {
      if (!other.type().equals("Suspended")) {
        conditions.add(other);
      }
    }
    suspended(job, now).ifPresent(conditions::add);
    boolean ended = plan.end().isPresent();
    boolean complete = plan.end().filter(JobPlan.End::complete).isPresent();
    if (ended) {
      JobPlan.End end = plan.end().get();
      conditions.add(condition(complete ? "SuccessCriteriaMet" : "FailureTarget", end, now));
      conditions.add(condition(complete ? "Complete" : "Failed", end, now));
    }
    int stopped = ended ? plan.delete().size() : 0;
    Job.Status status =
        new Job.Status(
            ended ? 0 : tally.active().size() + plan.create().size() - plan.delete().size(),
            ended ? 0 : (int) tally.active().stream().filter(Pods::isReady).count(),
            tally.succeeded(),
            tally.failed() + (complete ? 0 : stopped),
            job.spec().suspend() ? job.observed().startTime() : Fields.time(started),
            complete ? Fields.time(now) : null,
            conditions.isEmpty() && job.observed().conditions() == null ? null : conditions);
    OwnedPods.report(cluster, jobs, job, job.status(), status);
    if (ended) {
      tellEnd(job, plan.end().get());
    }
  }

  private void tellEnd(Job job, JobPlan.End end) throws InterruptedException {
    if (end.complete()) {
      cluster.events().normal("job-controller", Workload.JOBS, job, "Completed", "Job completed");
    } else {
      cluster.events().warning("job-controller", Workload.JOBS, job, end.reason(), end.message());
    }
  }

  private Optional<Workload.Condition> suspended(Job job, Instant now) {
    Optional<Workload.Condition> before =
        list(job.observed().conditions()).stream()
            .filter(one -> one.type().equals("Suspended"))
            .findFirst();
    String wanted = job.spec().suspend() ? "True" : "False";
    if (before.isEmpty() && !job.spec().suspend()) {
      return Optional.empty();
    }
    if (before.filter(one -> one.status().equals(wanted)).isPresent()) {
      return before;
    }
    JobPlan.End words =
        job.spec().suspend()
            ? new JobPlan.End(false, "JobSuspended", "Job suspended")
            : new JobPlan.End(false, "JobResumed", "Job resumed");
    return Optional.of(condition("Suspended", wanted, words, now));
  }

  private static Workload.Condition condition(String type, JobPlan.End end, Instant now) {
    return condition(type, "True", end, now);
  }

  private static Workload.Condition condition(
      String type, String status, JobPlan.End end, Instant now) {
    String time = Fields.time(now);
    @Nullable String none = null;
    return new Workload.Condition(type, status, end.reason(), end.message(), none, time, time);
  }

  private Optional<Duration> removeWhenOld(Job job, Instant now) throws InterruptedException {
    Integer seconds = job.spec().ttlSecondsAfterFinished();
    if (seconds == null) {
      return NO_LATER_LOOK;
    }
    Instant ended =
        job.ended().flatMap(one -> Fields.instant(one.lastTransitionTime())).orElse(now);
    Duration left = Duration.between(now, ended.plusSeconds(seconds));
    if (left.isPositive()) {
      return Optional.of(left);
    }
    try {
      cluster
          .api()
          .delete(
              Workload.JOBS,
              ObjectName.of(job),
              new DeleteRequest(Optional.empty(), Optional.of(Fields.uid(job))));
      jobs.deleted(Fields.uid(job));
    } catch (KubeException.NotFound e) {
      jobs.deleted(Fields.uid(job));
    }
    return NO_LATER_LOOK;
  }
}
