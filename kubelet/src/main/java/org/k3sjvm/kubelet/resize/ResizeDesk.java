package org.k3sjvm.kubelet.resize;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.Qos;
import org.k3sjvm.kubelet.pod.Resizing;
import org.k3sjvm.kubelet.resources.PodRequests;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before the workers: a running pod that wants other resources gets its worker's attention
 * with what the node agreed to, and asks again when others free something. Any thread may call.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/allocation/allocation_manager.go.
 */
public final class ResizeDesk implements Service {
  private static final Logger log = LoggerFactory.getLogger(ResizeDesk.class);

  /** Source: kubelet v1.36 allocation_manager.go, retryDelay. */
  private static final Duration RETRY = Duration.ofMinutes(3);

  private final Node node;
  private final InstantSource clock;
  private final Semaphore freed = new Semaphore(0);
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<PodUid, Pending> pending = new LinkedHashMap<>();

  @GuardedBy("lock")
  private final Map<PodUid, Pod> granted = new HashMap<>();

  private record Pending(DesiredPod wanted, PodCondition condition) {}

  /** What the desk knows of the node and tells it. No call blocks. */
  public interface Node {
    /** What pods may ask for. */
    Map<String, Quantity> allocatable();

    /** Pods whose containers may run, as their workers have them. */
    List<Pod> holding();

    /** The pod with what the node agreed to before this agent started; else itself. */
    default Pod restored(Pod pod) {
      return pod;
    }

    /** The node agreed. */
    default void agreed(PodUid uid, PodSpec spec) {}

    /** Whether containers of the pod may swap. */
    boolean swaps(DesiredPod pod);

    void event(DesiredPod pod, PodEvent event);

    /** A pod that waited got its answer. */
    void update(DesiredPod pod);
  }

  /** Nobody waits yet. */
  public ResizeDesk(Node node, InstantSource clock) {
    this.node = node;
    this.clock = clock;
  }

  /** The pod for its worker: with the resources that the node agrees to now. */
  public DesiredPod settle(DesiredPod pod) {
    synchronized (lock) {
      return settled(pod);
    }
  }

  /** A pod holds nothing any more, or it never did. */
  public void forget(PodUid uid) {
    synchronized (lock) {
      granted.remove(uid);
      pending.remove(uid);
    }
    freed.release();
  }

  /** Asks again for those that wait, each time that something was freed and now and then. */
  @Override
  public void run() throws InterruptedException {
    while (true) {
      boolean signalled = freed.tryAcquire(RETRY.toSeconds(), TimeUnit.SECONDS);
      if (signalled) {
        freed.drainPermits();
      }
      retry();
    }
  }

  private void retry() {
    List<DesiredPod> changed = new ArrayList<>();
    synchronized (lock) {
      List<Pending> waiting = new ArrayList<>(pending.values());
      waiting.sort(order(new HashMap<>(granted)));
      for (Pending one : waiting) {
        if (!"Infeasible".equals(one.condition().getReason())) {
          DesiredPod now = settled(one.wanted());
          if (!pending.containsKey(one.wanted().uid())) {
            changed.add(now);
          }
        }
      }
    }
    changed.forEach(node::update);
  }

  /** Those that want no more first, then by priority and quality; the sort keeps who came first. */
  private static Comparator<Pending> order(Map<PodUid, Pod> granted) {
    return Comparator.<Pending, Boolean>comparing(p -> grows(p.wanted(), granted))
        .thenComparingInt(p -> -priority(p.wanted()))
        .thenComparing(p -> Qos.of(p.wanted().pod().getSpec()));
  }

  private static boolean grows(DesiredPod wanted, Map<PodUid, Pod> granted) {
    Pod before = granted.getOrDefault(wanted.uid(), wanted.pod());
    var old = PodRequests.requests(before.getSpec());
    var now = PodRequests.requests(wanted.pod().getSpec());
    return PodRequests.milli(now, "cpu") > PodRequests.milli(old, "cpu")
        || PodRequests.whole(now, "memory") > PodRequests.whole(old, "memory");
  }

  private static int priority(DesiredPod pod) {
    Integer priority = pod.pod().getSpec().getPriority();
    return priority == null ? 0 : priority;
  }

  @GuardedBy("lock")
  private DesiredPod settled(DesiredPod pod) {
    Pod before = granted.computeIfAbsent(pod.uid(), _ -> node.restored(pod.pod()));
    if (pod.deleting()
        || pod.endedBefore()
        || Resizing.alike(before.getSpec(), pod.pod().getSpec())) {
      pending.remove(pod.uid());
      granted.put(pod.uid(), withResources(pod.pod(), before));
      return shown(pod, before, Optional.empty());
    }
    Map<PodUid, Pod> agreed = new HashMap<>(granted);
    List<Pod> others =
        node.holding().stream()
            .filter(p -> !pod.uid().value().equals(p.getMetadata().getUid()))
            .map(p -> agreed.getOrDefault(new PodUid(p.getMetadata().getUid()), p))
            .toList();
    ResizeAnswer answer =
        ResizeAnswer.of(pod.pod(), before, others, node.allocatable(), node.swaps(pod));
    return switch (answer) {
      case ResizeAnswer.Granted _ -> grant(pod);
      case ResizeAnswer.Deferred(String message) -> refuse(pod, before, "Deferred", message);
      case ResizeAnswer.Infeasible(String message) -> refuse(pod, before, "Infeasible", message);
    };
  }

  @GuardedBy("lock")
  private DesiredPod grant(DesiredPod pod) {
    log.atInfo().addKeyValue("pod", pod.fullName()).log("pod resize granted");
    pending.remove(pod.uid());
    granted.put(pod.uid(), pod.pod());
    node.agreed(pod.uid(), pod.pod().getSpec());
    node.event(
        pod, PodEvent.normal("ResizeStarted", Resizing.summary("started", pod, Optional.empty())));
    freed.release(); // less of one resource may let another pod have it
    return shown(pod, pod.pod(), Optional.empty());
  }

  @GuardedBy("lock")
  private DesiredPod refuse(DesiredPod pod, Pod before, String reason, String message) {
    Long generation = pod.pod().getMetadata().getGeneration();
    Pending old = pending.get(pod.uid());
    boolean same =
        old != null
            && reason.equals(old.condition().getReason())
            && Objects.equals(generation, old.condition().getObservedGeneration());
    PodCondition condition = new PodCondition();
    condition.setType(Resizing.PENDING);
    condition.setStatus("True");
    condition.setReason(reason);
    condition.setMessage(message);
    condition.setObservedGeneration(generation);
    condition.setLastTransitionTime(
        old != null
            ? old.condition().getLastTransitionTime()
            : clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
    pending.put(pod.uid(), new Pending(pod, condition));
    if (!same) {
      node.event(
          pod,
          PodEvent.warning("Resize" + reason, Resizing.summary(reason, pod, Optional.of(message))));
    }
    return shown(pod, before, Optional.of(condition));
  }

  /** The pod with granted resources, and with a condition that says what it waits for. */
  private static DesiredPod shown(DesiredPod pod, Pod before, Optional<PodCondition> waits) {
    boolean stale =
        pod.pod().getStatus() != null
            && pod.pod().getStatus().getConditions().stream()
                .anyMatch(c -> Resizing.PENDING.equals(c.getType()));
    boolean alike = Resizing.alike(before.getSpec(), pod.pod().getSpec());
    if (alike && !stale && waits.isEmpty()) {
      return pod;
    }
    Pod copy = withResources(pod.pod(), before);
    if (stale || waits.isPresent()) {
      copy = new PodBuilder(copy).editOrNewStatus().endStatus().build();
      List<PodCondition> conditions = new ArrayList<>(copy.getStatus().getConditions());
      conditions.removeIf(c -> Resizing.PENDING.equals(c.getType()));
      waits.ifPresent(conditions::add);
      copy.getStatus().setConditions(conditions);
    }
    return DesiredPod.of(copy);
  }

  private static Pod withResources(Pod pod, Pod from) {
    if (Resizing.alike(from.getSpec(), pod.getSpec())) {
      return pod;
    }
    Pod copy = new PodBuilder(pod).build();
    copy.getSpec().setResources(from.getSpec().getResources());
    Map<String, Container> before = new HashMap<>();
    from.getSpec().getContainers().forEach(c -> before.put(c.getName(), c));
    from.getSpec().getInitContainers().forEach(c -> before.put(c.getName(), c));
    for (List<Container> some :
        List.of(copy.getSpec().getContainers(), copy.getSpec().getInitContainers())) {
      for (Container c : some) {
        Container was = before.get(c.getName());
        if (was != null) {
          c.setResources(was.getResources());
        }
      }
    }
    return copy;
  }
}
