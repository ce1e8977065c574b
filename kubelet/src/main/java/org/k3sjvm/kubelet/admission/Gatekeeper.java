package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.PodWishes;
import org.k3sjvm.kubelet.pod.Qos;
import org.k3sjvm.kubelet.pod.TerminationReason;
import org.k3sjvm.kubelet.resources.AllocatedPods;
import org.k3sjvm.kubelet.source.PodListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between the sources of pods and their workers: every pod is asked for once whether the
 * node takes it, one after the other as they come. One thread owns what was decided; sources and
 * workers post to it.
 *
 * <table>
 * <caption>Standings of a pod</caption>
 * <tr><th>from</th><th>when</th><th>to</th></tr>
 * <tr><td>new</td><td>being deleted, over, or taken</td><td>passed to its worker</td></tr>
 * <tr><td>new</td><td>others must end first</td><td>waiting</td></tr>
 * <tr><td>new</td><td>refused</td><td>refused: Failed, nothing starts</td></tr>
 * <tr><td>waiting</td><td>they have ended</td><td>passed, or asked again</td></tr>
 * <tr><td>waiting, refused</td><td>being deleted</td><td>passed, to be cleared away</td></tr>
 * </table>
 */
public final class Gatekeeper implements Service {
  private static final Logger log = LoggerFactory.getLogger(Gatekeeper.class);

  /** More news wait with the one who brings them. */
  private static final int QUEUE = 256;

  /** Source: kubelet v1.36 pkg/kubelet/preemption/preemption.go. */
  private static final TerminationReason PREEMPTED =
      TerminationReason.killed("Preempting", "Preempted in order to admit critical pod");

  /** The workers of pods. No call blocks. */
  public interface Workers {
    void update(DesiredPod pod);

    void removed(PodUid uid);

    void kill(PodUid uid, PodWishes.Kill kill);

    /** Whether it has a worker. */
    boolean knows(PodUid uid);

    /** Whether it has a worker and something of it may run. */
    boolean holds(PodUid uid);
  }

  /** Who is told. No call blocks. */
  public interface Output {
    void report(PodReport report);

    void event(DesiredPod pod, PodEvent event);

    /** A pod that never had a worker is gone. */
    void forget(DesiredPod pod);

    /** A static pod is passed to its worker. */
    void began(DesiredPod pod);

    /** A static pod is wanted no longer, and nothing of it is left. */
    void ended(DesiredPod pod);
  }

  /** The node. */
  public interface NodeView {
    /** As it is known now. Does not block. */
    NodeFacts facts();

    /** As the API server has it at this moment. */
    Optional<Node> live() throws InterruptedException;

    /** The facts with another object of the node. */
    NodeFacts facts(Node node);
  }

  private sealed interface News {
    record Update(DesiredPod pod) implements News {}

    record Removed(PodUid uid) implements News {}

    record Ended(PodUid uid, boolean gone) implements News {}

    record Synced() implements News {}
  }

  private sealed interface Standing {
    DesiredPod pod();

    /** Its worker has it. */
    record Passed(DesiredPod pod, boolean removed) implements Standing {}

    /**
     * Others must end first.
     *
     * @param admitted whether it was taken already: then it need not be asked again
     */
    record Waiting(DesiredPod pod, Set<PodUid> blockers, boolean admitted) implements Standing {}

    /** Never starts; the pod carries the status that says so. */
    record Refused(DesiredPod pod) implements Standing {}
  }

  private final Workers workers;
  private final Output output;
  private final NodeView node;
  private final Sysctls sysctls;
  private final AllocatedPods allocated;
  private final InstantSource clock;
  private final int sources;
  private final BlockingQueue<News> news = new ArrayBlockingQueue<>(QUEUE);
  private final Gate<Boolean> ready = new Gate<>("pod sources told their pods");

  private final Map<PodUid, Standing> pods = new LinkedHashMap<>();
  private volatile Set<PodUid> blockers = Set.of();
  private int synced;

  /**
   * One that knows no pods yet.
   *
   * @param sources how many there are
   */
  public Gatekeeper(
      Workers workers,
      Output output,
      NodeView node,
      Sysctls sysctls,
      AllocatedPods allocated,
      InstantSource clock,
      int sources) {
    this.workers = workers;
    this.output = output;
    this.node = node;
    this.sysctls = sysctls;
    this.allocated = allocated;
    this.clock = clock;
    this.sources = sources;
  }

  /** Opens once every source has told its pods: unknown ones may then be cleared away. */
  public Gate<Boolean> ready() {
    return ready;
  }

  /** Takes the news of a source. */
  public PodListener listener() {
    return new PodListener() {
      @Override
      public void update(DesiredPod pod) throws InterruptedException {
        news.put(new News.Update(pod));
      }

      @Override
      public void removed(PodUid uid) throws InterruptedException {
        news.put(new News.Removed(uid));
      }

      @Override
      public void synced() throws InterruptedException {
        news.put(new News.Synced());
      }
    };
  }

  /** A worker has reported; matters to pods that wait for that one's end. */
  public void reported(PodUid uid) {
    if (blockers.contains(uid) && !workers.holds(uid)) {
      post(new News.Ended(uid, false));
    }
  }

  /** A pod has no worker any more. */
  public void gone(PodUid uid) {
    post(new News.Ended(uid, true));
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      News item = news.take();
      try {
        take(item);
      } catch (RuntimeException e) { // a bug met in one pod must not end the others'
        log.atError().setCause(e).addKeyValue("news", about(item)).log("admission failed");
      }
    }
  }

  private static String about(News item) {
    return switch (item) {
      case News.Update(DesiredPod pod) -> pod.fullName();
      case News.Removed(PodUid uid) -> uid.value();
      case News.Ended(PodUid uid, boolean _) -> uid.value();
      case News.Synced _ -> "synced";
    };
  }

  private void post(News item) {
    try {
      news.put(item);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the worker's own next wait ends it
    }
  }

  private void take(News item) throws InterruptedException {
    switch (item) {
      case News.Update(DesiredPod pod) -> update(pod);
      case News.Removed(PodUid uid) -> removed(uid);
      case News.Ended(PodUid uid, boolean gone) -> ended(uid, gone);
      case News.Synced _ -> {
        if (++synced == sources) {
          allocated.retain(pods.keySet());
          ready.open(true);
        }
      }
    }
  }

  private void update(DesiredPod pod) throws InterruptedException {
    switch (pods.get(pod.uid())) {
      case null -> fresh(pod);
      case Standing.Passed(DesiredPod _, boolean removed) -> {
        if (removed && workers.knows(pod.uid())) {
          await(pod, new HashSet<>(Set.of(pod.uid())), false); // wanted again while it ends
        } else {
          pass(pod);
        }
      }
      case Standing.Waiting(DesiredPod _, Set<PodUid> others, boolean admitted) -> {
        if (pod.deleting() || pod.endedBefore()) {
          pass(pod);
        } else {
          pods.put(pod.uid(), new Standing.Waiting(pod, others, admitted));
        }
      }
      case Standing.Refused(DesiredPod before) -> {
        if (pod.deleting()) {
          pass(withStatus(pod, before.pod().getStatus()));
        }
      }
    }
  }

  private void fresh(DesiredPod pod) throws InterruptedException {
    if (!pod.deleting() && refusedBefore(pod)) {
      pods.put(pod.uid(), new Standing.Refused(pod));
      return;
    }
    if (pod.deleting() || pod.endedBefore()) {
      pass(pod);
      return;
    }
    Set<PodUid> namesakes = namesakes(pod);
    if (!namesakes.isEmpty()) {
      await(pod, namesakes, false);
      return;
    }
    switch (judge(pod)) {
      case Verdict.Admitted _ -> {
        admit(pod);
        pass(pod);
      }
      case Verdict.AfterPreempting(List<Pod> victims) -> {
        admit(pod);
        preempt(victims, pod);
      }
      case Verdict.Rejected(String reason, String message) -> refuse(pod, reason, message);
    }
  }

  /** Whether it failed before anything of it began: its status must keep saying just that. */
  private static boolean refusedBefore(DesiredPod pod) {
    PodStatus status = pod.pod().getStatus();
    return status != null
        && "Failed".equals(status.getPhase())
        && status.getInitContainerStatuses().isEmpty()
        && status.getContainerStatuses().isEmpty();
  }

  /** Static pods of the same name, which are older versions of it, end first. */
  private Set<PodUid> namesakes(DesiredPod pod) {
    Set<PodUid> uids = new HashSet<>();
    if (PodKind.isStatic(pod.pod())) {
      for (Standing other : pods.values()) {
        if (PodKind.isStatic(other.pod().pod())
            && other.pod().fullName().equals(pod.fullName())
            && workers.knows(other.pod().uid())) {
          uids.add(other.pod().uid());
        }
      }
    }
    return uids;
  }

  /** What cannot even be read, such as a quantity, is refused. */
  private Verdict judge(DesiredPod pod) throws InterruptedException {
    try {
      return decide(pod);
    } catch (IllegalArgumentException | NullPointerException | ArithmeticException e) {
      log.atWarn().setCause(e).addKeyValue("pod", pod.fullName()).log("cannot judge a pod");
      return new Verdict.Rejected(
          "UnexpectedAdmissionError", "the pod makes no sense: " + e.getMessage());
    }
  }

  private Verdict decide(DesiredPod pod) throws InterruptedException {
    boolean here =
        allocated.of(pod.uid()).isPresent()
            || (pod.pod().getStatus() != null && pod.pod().getStatus().getStartTime() != null);
    Admission.Question question =
        new Admission.Question(allocated.applied(pod.pod()), holding(pod.uid()), here);
    Verdict verdict = Admission.decide(question, node.facts(), sysctls);
    if (verdict instanceof Verdict.Rejected(String reason, String _)
        && reason.equals(Admission.NODE_AFFINITY)) {
      try {
        Optional<Node> live = node.live();
        if (live.isPresent()) {
          return Admission.decide(question, node.facts(live.get()), sysctls);
        }
      } catch (KubeException e) {
        log.atWarn().setCause(e).log("cannot look at the node's labels, those known count");
      }
    }
    return verdict;
  }

  private List<Pod> holding(PodUid except) {
    List<Pod> all = new ArrayList<>();
    for (Standing s : pods.values()) {
      boolean holds =
          switch (s) {
            case Standing.Passed p -> workers.holds(p.pod().uid());
            case Standing.Waiting w -> w.admitted();
            case Standing.Refused _ -> false;
          };
      if (holds && !s.pod().uid().equals(except)) {
        all.add(allocated.applied(s.pod().pod()));
      }
    }
    return all;
  }

  private void admit(DesiredPod pod) {
    if (allocated.of(pod.uid()).isEmpty()) {
      allocated.set(pod.uid(), AllocatedPods.Allocation.of(pod.pod().getSpec()));
    }
  }

  private void pass(DesiredPod pod) {
    boolean first =
        !(pods.put(pod.uid(), new Standing.Passed(pod, false)) instanceof Standing.Passed);
    workers.update(pod);
    if (first && PodKind.isStatic(pod.pod())) {
      output.began(pod);
    }
  }

  private void preempt(List<Pod> victims, DesiredPod pod) throws InterruptedException {
    Set<PodUid> uids = new HashSet<>();
    for (Pod victim : victims) {
      PodUid uid = new PodUid(victim.getMetadata().getUid());
      log.atInfo()
          .addKeyValue("pod", pod.fullName())
          .addKeyValue("victim", victim.getMetadata().getName())
          .log("pod preempted to admit a critical one");
      output.event(
          DesiredPod.of(victim), PodEvent.warning(PREEMPTED.reason(), PREEMPTED.message()));
      if (workers.holds(uid)) {
        workers.kill(uid, new PodWishes.Kill(PREEMPTED, Optional.empty()));
        uids.add(uid);
      } else if (pods.get(uid) instanceof Standing.Waiting(DesiredPod w, var _, boolean _)) {
        refuse(w, PREEMPTED.reason(), PREEMPTED.message());
      }
    }
    await(pod, uids, true);
  }

  private void await(DesiredPod pod, Set<PodUid> others, boolean admitted)
      throws InterruptedException {
    pods.put(pod.uid(), new Standing.Waiting(pod, others, admitted));
    noteBlockers();
    log.atInfo()
        .addKeyValue("pod", pod.fullName())
        .addKeyValue("others", others.size())
        .log("pod waits until others have ended");
    for (PodUid uid : Set.copyOf(others)) {
      ended(uid, !workers.knows(uid)); // it may have ended before anybody listened
    }
    if (others.isEmpty()) {
      proceed(pod.uid());
    }
  }

  private void ended(PodUid uid, boolean gone) throws InterruptedException {
    List<PodUid> free = new ArrayList<>();
    for (Standing s : pods.values()) {
      if (s instanceof Standing.Waiting(DesiredPod pod, Set<PodUid> others, boolean admitted)
          && (gone || (admitted && !workers.holds(uid)))
          && others.remove(uid)
          && others.isEmpty()) {
        free.add(pod.uid());
      }
    }
    if (gone && pods.get(uid) instanceof Standing.Passed(DesiredPod pod, boolean removed)) {
      if (removed) {
        drop(pod);
      }
    }
    if (!free.isEmpty()) {
      noteBlockers();
      for (PodUid next : free) {
        proceed(next);
      }
    }
  }

  private void proceed(PodUid uid) throws InterruptedException {
    if (pods.get(uid) instanceof Standing.Waiting(DesiredPod pod, var _, boolean admitted)) {
      if (admitted) {
        pass(pod);
      } else {
        pods.remove(uid);
        fresh(pod);
      }
    }
  }

  private void refuse(DesiredPod pod, String reason, String message) {
    log.atWarn()
        .addKeyValue("pod", pod.fullName())
        .addKeyValue("reason", reason)
        .addKeyValue("message", message)
        .log("pod rejected");
    PodStatus status =
        pod.pod().getStatus() == null
            ? new PodStatus()
            : new PodBuilder(pod.pod()).build().getStatus();
    status.setPhase("Failed");
    status.setReason(reason);
    status.setMessage("Pod was rejected: " + message);
    quality(pod).ifPresent(status::setQosClass);
    status.setObservedGeneration(pod.pod().getMetadata().getGeneration());
    if (status.getStartTime() == null) {
      status.setStartTime(clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
    }
    pods.put(pod.uid(), new Standing.Refused(withStatus(pod, status)));
    allocated.remove(pod.uid());
    output.event(pod, PodEvent.warning(reason, message));
    output.report(new PodReport(pod, status, false));
  }

  /** Empty when it cannot be told from what the pod asks for. */
  private static Optional<String> quality(DesiredPod pod) {
    try {
      return Optional.of(Qos.of(pod.pod().getSpec()).text());
    } catch (IllegalArgumentException | NullPointerException | ArithmeticException e) {
      return Optional.empty();
    }
  }

  private void removed(PodUid uid) throws InterruptedException {
    Standing before = pods.get(uid);
    switch (before) {
      case null -> {}
      case Standing.Passed(DesiredPod pod, boolean _) -> {
        if (workers.knows(uid)) {
          pods.put(uid, new Standing.Passed(pod, true));
          workers.removed(uid);
        } else {
          drop(pod);
        }
      }
      case Standing.Waiting(DesiredPod pod, var _, boolean _) -> clear(pod);
      case Standing.Refused(DesiredPod pod) -> clear(pod);
    }
  }

  private void clear(DesiredPod pod) throws InterruptedException {
    pods.remove(pod.uid());
    allocated.remove(pod.uid());
    noteBlockers();
    output.forget(pod);
    ended(pod.uid(), true);
  }

  private void drop(DesiredPod pod) {
    pods.remove(pod.uid());
    allocated.remove(pod.uid());
    if (PodKind.isStatic(pod.pod())) {
      output.ended(pod);
    }
  }

  private void noteBlockers() {
    Set<PodUid> all = new HashSet<>();
    for (Standing s : pods.values()) {
      if (s instanceof Standing.Waiting w) {
        all.addAll(w.blockers());
      }
    }
    blockers = Set.copyOf(all);
  }

  private static DesiredPod withStatus(DesiredPod pod, PodStatus status) {
    Pod copy = new Pod();
    copy.setMetadata(pod.pod().getMetadata());
    copy.setSpec(pod.pod().getSpec());
    copy.setStatus(status);
    return DesiredPod.of(copy);
  }
}
