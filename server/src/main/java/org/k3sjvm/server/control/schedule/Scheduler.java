package org.k3sjvm.server.control.schedule;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.text;
import static org.k3sjvm.server.control.cluster.Fields.uid;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache.Change;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.WorkQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Binds pending pods to nodes.
 *
 * <p>A change of a pod or node wakes it for a round over all pending pods. Within a round, and
 * until the watch shows the binding, a placed pod counts as being on its node, so that bindings are
 * written side by side. A pod that fits nowhere waits until something changes that could help.
 */
public final class Scheduler implements Service {
  private static final Logger log = LoggerFactory.getLogger(Scheduler.class);
  private static final String NAME = "default-scheduler";
  private static final int MOST_WRITES_AT_ONCE = 16;
  private static final Duration AFTER_FAILED_BINDING = Duration.ofSeconds(1);

  private enum Wake {
    ROUND
  }

  private record Assumed(String node, PodDemand demand, String ownerUid) {}

  private record Verdict(long clusterState, String message) {}

  private final Cluster cluster;
  private final WorkQueue<Wake> wakes;
  private final AtomicLong clusterState = new AtomicLong();
  private final Semaphore writes = new Semaphore(MOST_WRITES_AT_ONCE);
  private final Map<String, PodDemand> demands = new HashMap<>();
  private final Map<String, Verdict> verdicts = new HashMap<>();
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<String, Assumed> assumed = new HashMap<>();

  @GuardedBy("lock")
  private final Map<String, Instant> notBefore = new HashMap<>();

  public Scheduler(Cluster cluster) {
    this.cluster = cluster;
    this.wakes = new WorkQueue<>(cluster.clock());
    cluster.pods().onChange(this::podChanged);
    cluster.nodes().onChange(this::nodeChanged);
  }

  @Override
  public void run() throws InterruptedException {
    try (ServiceGroup effects = ServiceGroup.open("scheduler")) {
      while (true) {
        var _ = wakes.take();
        round(effects);
      }
    }
  }

  private void podChanged(Change<Pod> change) {
    Pod pod = change.newest();
    boolean gone = change.after().isEmpty() || Pods.isTerminal(pod);
    if (gone && !Pods.nodeName(pod).isEmpty()) {
      clusterState.incrementAndGet();
      wakes.add(Wake.ROUND);
    } else if (!gone && Pods.nodeName(pod).isEmpty()) {
      wakes.add(Wake.ROUND);
    }
  }

  private void nodeChanged(Change<Node> change) {
    if (change.before().isEmpty()
        || change.after().isEmpty()
        || !Objects.equals(facts(change.before().get()), facts(change.after().get()))) {
      clusterState.incrementAndGet();
      wakes.add(Wake.ROUND);
    }
  }

  /** What of a node matters here; its heartbeat does not. */
  private static List<Object> facts(Node node) {
    return List.of(
        Fields.labels(node),
        node.getSpec() == null ? "" : list(node.getSpec().getTaints()),
        node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable()),
        node.getStatus() == null ? "" : Fields.map(node.getStatus().getAllocatable()));
  }

  private void round(ServiceGroup effects) throws InterruptedException {
    long state = clusterState.get();
    Instant now = cluster.clock().instant();
    List<Pod> pods = cluster.pods().all();
    forgetOld(pods);
    Map<String, NodeLoad> nodes = loads(pods);
    List<Pod> pending =
        pods.stream()
            .filter(pod -> isPending(pod, state, now))
            .sorted(
                Comparator.comparingInt((Pod pod) -> -Fields.number(pod.getSpec().getPriority(), 0))
                    .thenComparing(Fields::created))
            .toList();
    for (Pod pod : pending) {
      place(pod, state, nodes, effects);
    }
  }

  private void place(Pod pod, long state, Map<String, NodeLoad> nodes, ServiceGroup effects)
      throws InterruptedException {
    PodDemand demand = demand(pod);
    switch (Placement.of(pod, demand, List.copyOf(nodes.values()))) {
      case Placement.On(NodeLoad node) -> {
        String owner = Placement.ownerUid(pod);
        node.add(demand, owner);
        verdicts.remove(uid(pod));
        synchronized (lock) {
          assumed.put(uid(pod), new Assumed(node.name(), demand, owner));
        }
        start(effects, "bind", () -> bind(pod, node.name()));
      }
      case Placement.Nowhere(String message) -> {
        Verdict before = verdicts.put(uid(pod), new Verdict(state, message));
        if (before == null || !before.message().equals(message)) {
          start(effects, "report", () -> report(pod, message));
        }
      }
    }
  }

  private boolean isPending(Pod pod, long state, Instant now) {
    if (!Pods.nodeName(pod).isEmpty()
        || Pods.isTerminal(pod)
        || cluster.pods().isDeleting(pod)
        || !list(pod.getSpec().getSchedulingGates()).isEmpty()
        || !isOurs(pod)) {
      return false;
    }
    Verdict verdict = verdicts.get(uid(pod));
    synchronized (lock) {
      Instant wait = notBefore.get(uid(pod));
      return !assumed.containsKey(uid(pod))
          && (wait == null || !now.isBefore(wait))
          && (verdict == null || verdict.clusterState() != state);
    }
  }

  private static boolean isOurs(Pod pod) {
    String scheduler = text(pod.getSpec().getSchedulerName());
    return scheduler.isEmpty() || scheduler.equals(NAME);
  }

  private Map<String, NodeLoad> loads(List<Pod> pods) {
    Map<String, NodeLoad> nodes = new TreeMap<>();
    for (Node node : cluster.nodes().all()) {
      if (!cluster.nodes().isDeleting(node)) {
        nodes.put(node.getMetadata().getName(), new NodeLoad(node));
      }
    }
    for (Pod pod : pods) {
      NodeLoad node = nodes.get(Pods.nodeName(pod));
      if (node != null && !Pods.isTerminal(pod)) {
        node.add(demand(pod), Placement.ownerUid(pod));
      }
    }
    synchronized (lock) {
      for (Assumed one : assumed.values()) {
        NodeLoad node = nodes.get(one.node());
        if (node != null) {
          node.add(one.demand(), one.ownerUid());
        }
      }
    }
    return nodes;
  }

  private PodDemand demand(Pod pod) {
    return demands.computeIfAbsent(uid(pod), _ -> PodDemand.of(pod));
  }

  private void forgetOld(List<Pod> pods) {
    Set<String> present = new HashSet<>();
    Set<String> unbound = new HashSet<>();
    for (Pod pod : pods) {
      present.add(uid(pod));
      if (Pods.nodeName(pod).isEmpty()) {
        unbound.add(uid(pod));
      }
    }
    demands.keySet().retainAll(present);
    verdicts.keySet().retainAll(unbound);
    synchronized (lock) {
      assumed.keySet().retainAll(unbound);
      notBefore.keySet().retainAll(unbound);
    }
  }

  private void start(ServiceGroup effects, String name, Service effect)
      throws InterruptedException {
    writes.acquire();
    effects.start(
        name,
        () -> {
          try {
            effect.run();
          } finally {
            writes.release();
          }
        });
  }

  private void bind(Pod pod, String node) throws InterruptedException {
    ObjectName name = ObjectName.of(pod);
    try {
      var _ = cluster.api().post(Resources.PODS.path(name) + "/binding", binding(pod, node));
    } catch (KubeException.NotFound e) {
      failed(pod); // deleted meanwhile
      return;
    } catch (KubeException e) {
      failed(pod);
      log.atWarn()
          .addKeyValue("pod", name)
          .addKeyValue("node", node)
          .addKeyValue("reason", e.statusMessage())
          .addKeyValue("retryIn", AFTER_FAILED_BINDING)
          .log("cannot bind a pod, trying again");
      return;
    }
    log.atDebug().addKeyValue("pod", name).addKeyValue("node", node).log("pod bound");
    cluster
        .events()
        .normal(
            NAME,
            Resources.PODS,
            pod,
            "Scheduled",
            "Successfully assigned " + name + " to " + node);
  }

  private void failed(Pod pod) {
    synchronized (lock) {
      assumed.remove(uid(pod));
      notBefore.put(uid(pod), cluster.clock().instant().plus(AFTER_FAILED_BINDING));
    }
    wakes.addAfter(Wake.ROUND, AFTER_FAILED_BINDING);
  }

  private static ObjectNode binding(Pod pod, String node) {
    ObjectNode binding = KubeJson.newObject();
    binding.put("apiVersion", "v1").put("kind", "Binding");
    binding
        .putObject("metadata")
        .put("namespace", pod.getMetadata().getNamespace())
        .put("name", pod.getMetadata().getName())
        .put("uid", uid(pod));
    Resource<Node> nodes = Resources.NODES;
    binding
        .putObject("target")
        .put("apiVersion", nodes.apiVersion())
        .put("kind", nodes.kind())
        .put("name", node);
    return binding;
  }

  private void report(Pod pod, String message) throws InterruptedException {
    ObjectNode status = KubeJson.newObject();
    status
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "PodScheduled")
        .put("observedGeneration", pod.getMetadata().getGeneration())
        .put("status", "False")
        .put("reason", "Unschedulable")
        .put("message", message)
        .put("lastTransitionTime", since(pod));
    try {
      cluster
          .pods()
          .wrote(
              cluster
                  .api()
                  .patchStatus(Resources.PODS, ObjectName.of(pod), new Patch.Strategic(status)));
    } catch (KubeException e) {
      log.atDebug()
          .addKeyValue("pod", ObjectName.of(pod))
          .addKeyValue("reason", e.statusMessage())
          .log("cannot report that a pod fits nowhere");
    }
    cluster.events().warning(NAME, Resources.PODS, pod, "FailedScheduling", message);
  }

  /** Since when it has not been scheduled: the time stays when only the message changes. */
  private String since(Pod pod) {
    return Pods.condition(pod, "PodScheduled")
        .filter(condition -> condition.getStatus().equals("False"))
        .map(condition -> text(condition.getLastTransitionTime()))
        .filter(time -> !time.isEmpty())
        .orElseGet(() -> Fields.time(cluster.clock().instant()));
  }
}
