package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.cri.SandboxId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers of all pods: one for each uid, started when the pod is first heard of, gone when
 * nothing of it is left. Any thread may call; the threads end with {@link #run}.
 */
public final class PodWorkers implements PodLookup, Service, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PodWorkers.class);

  private record Running(PodInbox inbox, PodWorker worker) {}

  private final PodWorker.Tools tools;
  private final ServiceGroup threads = ServiceGroup.open("pods");
  private final ConcurrentMap<PodUid, Running> running = new ConcurrentHashMap<>();

  /**
   * No workers yet.
   *
   * @param hostIps the node's addresses, the primary first
   */
  public PodWorkers(
      PodObserver observer,
      PodEffects effects,
      PodOutput output,
      ProbeVerdicts probes,
      List<String> hostIps,
      InstantSource clock) {
    tools = new PodWorker.Tools(observer, effects, output, probes, hostIps, clock);
  }

  /** Blocks until interrupted or a worker fails for a fault of ours; then ends every worker. */
  @Override
  public void run() throws InterruptedException {
    try {
      threads.await();
    } finally {
      close();
    }
  }

  @Override
  public void close() {
    running.values().forEach(r -> r.inbox().stop());
    threads.close();
  }

  /** A new or newer version of a pod. */
  public void update(DesiredPod pod) {
    running.compute(
        pod.uid(),
        (uid, is) -> {
          if (is != null) {
            is.inbox().update(pod);
            return is;
          }
          return start(uid, pod);
        });
  }

  /** The source does not know the pod any more. */
  public void removed(PodUid uid) {
    find(uid).ifPresent(r -> r.inbox().removed());
  }

  /** The node ends a pod. */
  public void kill(PodUid uid, PodWishes.Kill kill) {
    find(uid).ifPresent(r -> r.inbox().kill(kill));
  }

  /** The runtime shows something new of the pod. */
  public void look(PodUid uid) {
    find(uid).ifPresent(r -> r.inbox().look());
  }

  /** A probe has come to another verdict. */
  public void probed(PodUid uid) {
    find(uid)
        .ifPresent(
            r -> {
              r.inbox().look();
              r.worker().tellProbes();
            });
  }

  public boolean knows(PodUid uid) {
    return running.containsKey(uid);
  }

  /** Whether something of the pod may run: its resources are not free yet. */
  public boolean holds(PodUid uid) {
    return find(uid)
        .filter(r -> !(r.worker().snapshot().phase() instanceof PodPhase.Terminated))
        .isPresent();
  }

  /** The pods that have a worker. */
  public Set<PodUid> uids() {
    return Set.copyOf(running.keySet());
  }

  private Running start(PodUid uid, DesiredPod pod) {
    PodInbox inbox = new PodInbox(pod);
    PodWorker worker = new PodWorker(inbox, tools);
    threads.start(
        pod.fullName(),
        () -> {
          try {
            worker.run();
          } finally {
            running.remove(uid);
            tools.output().over(uid);
          }
        });
    log.atDebug().addKeyValue("pod", pod.fullName()).log("pod worker started");
    return new Running(inbox, worker);
  }

  private Optional<Running> find(PodUid uid) {
    return Optional.ofNullable(running.get(uid));
  }

  @Override
  public List<Pod> pods() {
    return snapshots().stream().map(PodWorkers::withStatus).toList();
  }

  @Override
  public Optional<Pod> pod(String namespace, String name) {
    return youngest(namespace, name).map(PodWorkers::withStatus);
  }

  @Override
  public Optional<Pod> pod(PodUid uid) {
    return find(uid).map(r -> withStatus(r.worker().snapshot()));
  }

  @Override
  public Optional<ContainerInstance> container(
      String namespace, String name, String container, boolean previous) {
    return youngest(namespace, name)
        .flatMap(
            s ->
                s.observed().instances(container).stream()
                    .skip(previous ? 1 : 0)
                    .findFirst()
                    .map(c -> instance(s.desired(), c)));
  }

  @Override
  public Optional<SandboxId> sandbox(String namespace, String name) {
    return youngest(namespace, name)
        .flatMap(s -> s.observed().readySandboxes().stream().findFirst())
        .map(ObservedSandbox::id);
  }

  @Override
  public String probeMetrics() {
    return tools.probes().metrics();
  }

  private static ContainerInstance instance(DesiredPod pod, ObservedContainer c) {
    Optional<Path> log =
        c.logPath().isEmpty() ? Optional.empty() : Optional.of(Path.of(c.logPath()));
    return new ContainerInstance(pod.uid(), c.name(), c.id(), log, c.running());
  }

  private Optional<PodWorker.Snapshot> youngest(String namespace, String name) {
    return snapshots().stream()
        .filter(s -> s.desired().namespace().equals(namespace) && s.desired().name().equals(name))
        .max(
            Comparator.comparing(
                s -> String.valueOf(s.desired().pod().getMetadata().getCreationTimestamp())));
  }

  private Collection<PodWorker.Snapshot> snapshots() {
    return running.values().stream().map(r -> r.worker().snapshot()).toList();
  }

  private static Pod withStatus(PodWorker.Snapshot s) {
    Pod pod = new Pod();
    pod.setMetadata(s.desired().pod().getMetadata());
    pod.setSpec(s.desired().pod().getSpec());
    pod.setStatus(s.status());
    return pod;
  }
}
