package org.k3sjvm.kubelet.runtime;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Collectors;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.ContainerStatus;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.PodSandboxStatus;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.SandboxState;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.ObservedContainer;
import org.k3sjvm.kubelet.pod.ObservedPod;
import org.k3sjvm.kubelet.pod.ObservedSandbox;
import org.k3sjvm.kubelet.pod.PodObserver;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.translate.Labels;

/**
 * Looks at one pod: two lists, and a closer look at what changed state since the last. Looks at
 * different pods may run beside each other.
 */
public final class RuntimeObserver implements PodObserver {
  private final ContainerRuntime runtime;
  private final ConcurrentMap<PodUid, Seen> seen = new ConcurrentHashMap<>();

  private record Seen(
      Map<SandboxId, ObservedSandbox> sandboxes,
      Map<ContainerId, ObservedContainer> containers,
      Set<String> marks) {
    static final Seen NOTHING = new Seen(Map.of(), Map.of(), Set.of());
  }

  public RuntimeObserver(ContainerRuntime runtime) {
    this.runtime = runtime;
  }

  @Override
  public ObservedPod observe(DesiredPod pod) throws InterruptedException {
    Map<String, String> label = Map.of(Labels.POD_UID, pod.uid().value());
    Seen before = seen.getOrDefault(pod.uid(), Seen.NOTHING);
    Map<SandboxId, ObservedSandbox> sandboxes = new HashMap<>();
    Map<ContainerId, ObservedContainer> containers = new HashMap<>();
    Set<String> marks = new TreeSet<>();
    for (PodSandbox is : runtime.listPodSandboxes(SandboxFilter.labelled(label))) {
      marks.add(mark(is));
      sandbox(pod, is, Optional.ofNullable(before.sandboxes().get(is.id())))
          .ifPresent(s -> sandboxes.put(s.id(), s));
    }
    for (Container is : runtime.listContainers(ContainerFilter.labelled(label))) {
      marks.add(mark(is));
      container(is, Optional.ofNullable(before.containers().get(is.id())))
          .ifPresent(c -> containers.put(c.id(), c));
    }
    seen.put(pod.uid(), new Seen(sandboxes, containers, marks));
    return new ObservedPod(List.copyOf(sandboxes.values()), List.copyOf(containers.values()));
  }

  /** What the last look at a pod saw, to compare with {@link #mark}s of a later list. */
  Set<String> marks(PodUid uid) {
    return seen.getOrDefault(uid, Seen.NOTHING).marks();
  }

  /** The pod of a container or sandbox that ran when it was last looked at. */
  Optional<PodUid> aliveIn(String id) {
    for (Map.Entry<PodUid, Seen> pod : seen.entrySet()) {
      ObservedContainer container = pod.getValue().containers().get(new ContainerId(id));
      ObservedSandbox sandbox = pod.getValue().sandboxes().get(new SandboxId(id));
      if ((container != null && container.alive()) || (sandbox != null && sandbox.ready())) {
        return Optional.of(pod.getKey());
      }
    }
    return Optional.empty();
  }

  Set<PodUid> known() {
    return Set.copyOf(seen.keySet());
  }

  /** Nobody will ask for the pod again. */
  public void forget(PodUid uid) {
    seen.remove(uid);
  }

  /** Containers of a pod were changed: the next look is a close one. */
  public void refresh(PodUid uid) {
    seen.computeIfPresent(uid, (_, s) -> new Seen(s.sandboxes(), Map.of(), s.marks()));
  }

  static String mark(PodSandbox is) {
    return is.id() + (is.state() == SandboxState.READY ? "+" : "-");
  }

  static String mark(Container is) {
    return is.id().value() + is.state();
  }

  private Optional<ObservedSandbox> sandbox(
      DesiredPod pod, PodSandbox is, Optional<ObservedSandbox> before) throws InterruptedException {
    boolean ready = is.state() == SandboxState.READY;
    if (before.filter(b -> b.ready() == ready && complete(b)).isPresent()) {
      return before;
    }
    try {
      PodSandboxStatus status = runtime.podSandboxStatus(is.id());
      boolean hostNetwork =
          status.namespaces().map(n -> n.network() == NamespaceMode.NODE).orElse(pod.hostNetwork());
      List<String> ips =
          status.ips().isEmpty()
              ? before.map(ObservedSandbox::ips).orElse(List.of())
              : status.ips();
      return Optional.of(
          new ObservedSandbox(
              is.id(),
              status.metadata().attempt(),
              status.state() == SandboxState.READY,
              status.createdAt(),
              hostNetwork,
              ips));
    } catch (CriException.NotFound e) {
      return Optional.empty();
    }
  }

  private static boolean complete(ObservedSandbox sandbox) {
    return !sandbox.ready() || sandbox.hostNetwork() || !sandbox.ips().isEmpty();
  }

  private Optional<ObservedContainer> container(Container is, Optional<ObservedContainer> before)
      throws InterruptedException {
    if (before.filter(b -> b.state() == is.state()).isPresent()) {
      return before;
    }
    try {
      ContainerStatus status = runtime.containerStatus(is.id());
      String name = is.labels().getOrDefault(Labels.CONTAINER_NAME, status.metadata().name());
      ContainerState state = state(status);
      boolean over = state == ContainerState.EXITED;
      return Optional.of(
          new ObservedContainer(
              is.id(),
              is.sandbox(),
              name,
              restartCount(status),
              state,
              Optional.ofNullable(status.annotations().get(Labels.HASH)),
              status.createdAt(),
              status.startedAt(),
              status.finishedAt(),
              status.exitCode(),
              status.reason(),
              over ? LastWords.of(status) : status.message(),
              status.image().image(),
              status.imageRef(),
              status.logPath(),
              actual(status)));
    } catch (CriException.NotFound e) {
      return Optional.empty();
    }
  }

  /**
   * A start that was cut off before there was a process, as its caller had gone away, was none: the
   * container does not count as one that failed. Source: containerd v1.6 and v2.3, StartContainer
   * of the CRI server.
   */
  private static ContainerState state(ContainerStatus status) {
    boolean cutOff =
        status.state() == ContainerState.EXITED
            && status.startedAt().isEmpty()
            && status.message().startsWith("failed to create containerd task")
            && status.message().contains("context canceled");
    return cutOff ? ContainerState.CREATED : status.state();
  }

  private static ObservedContainer.Actual actual(ContainerStatus status) {
    return new ObservedContainer.Actual(
        status.resources(),
        status.user(),
        status.stopSignal(),
        status.mounts().stream()
            .filter(Mount::recursiveReadOnly)
            .map(Mount::containerPath)
            .collect(Collectors.toSet()));
  }

  private static int restartCount(ContainerStatus status) {
    try {
      return Integer.parseInt(
          status
              .annotations()
              .getOrDefault(Labels.RESTART_COUNT, "" + status.metadata().attempt()));
    } catch (NumberFormatException e) {
      return status.metadata().attempt();
    }
  }
}
