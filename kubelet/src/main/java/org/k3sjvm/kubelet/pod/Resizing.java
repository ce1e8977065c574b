package org.k3sjvm.kubelet.pod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.QuantityNumber;

/**
 * Whether running containers have what the node agreed to, and what to do about it. What is in
 * force is known from the change that this agent made, else from what was reported last.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go, computePodResizeAction,
 * and pkg/kubelet/events/resize.go.
 */
public final class Resizing {
  public static final String PENDING = "PodResizePending";
  public static final String IN_PROGRESS = "PodResizeInProgress";

  /** The reason of a failed action that brings a change into force. */
  public static final String FAILED = "ResizePodInPlaceError";

  private static final List<String> RESIZABLE = List.of("cpu", "memory");

  private Resizing() {}

  /** Whether two specs ask for the same of what can be changed. */
  public static boolean alike(PodSpec one, PodSpec other) {
    return same(one.getResources(), other.getResources())
        && alike(one.getContainers(), other.getContainers())
        && alike(one.getInitContainers(), other.getInitContainers());
  }

  private static boolean alike(List<Container> one, List<Container> other) {
    for (Container c : one) {
      for (Container o : other) {
        if (c.getName().equals(o.getName()) && !same(c.getResources(), o.getResources())) {
          return false;
        }
      }
    }
    return true;
  }

  /** What has to change; empty when everything is in force. */
  static List<PodAction.Change> changes(PodView view, ObservedSandbox sandbox, PodMemory memory) {
    List<PodAction.Change> changes = new ArrayList<>();
    for (ContainerSpec spec : view.desired().containers()) {
      view.observed()
          .newest(spec.name(), sandbox.id())
          .filter(is -> due(spec, view, is, memory))
          .ifPresent(
              is ->
                  changes.add(
                      new PodAction.Change(
                          spec,
                          is.id(),
                          inForce(spec, view, is, memory).orElseThrow(),
                          wanted(spec, view),
                          !restarts(spec, view, is, memory))));
    }
    return changes;
  }

  /** What is in force for the pod itself when that has to change. */
  static Optional<PodAction.PodChange> ofPod(PodView view) {
    PodSpec spec = view.desired().pod().getSpec();
    return PodLevelResources.inForce(spec, view.last())
        .filter(now -> !same(now, spec.getResources()))
        .map(now -> new PodAction.PodChange(now, PodLevelResources.all(spec)));
  }

  /** Whether a change can come into force only with a new run of the container. */
  static boolean restarts(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory) {
    if (!due(spec, view, is, memory)) {
      return false;
    }
    ResourceRequirements from = ownInForce(spec, view, is, memory).orElseThrow();
    ResourceRequirements to = spec.container().getResources();
    return spec.container().getResizePolicy().stream()
        .filter(p -> "RestartContainer".equals(p.getRestartPolicy()))
        .anyMatch(p -> !same(from, to, p.getResourceName()));
  }

  private static boolean due(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory) {
    boolean resizable =
        spec.kind() == ContainerSpec.Kind.REGULAR || spec.kind() == ContainerSpec.Kind.SIDECAR;
    return resizable
        && is.running()
        && inForce(spec, view, is, memory).filter(r -> !same(r, wanted(spec, view))).isPresent();
  }

  private static ResourceRequirements wanted(ContainerSpec spec, PodView view) {
    return PodLevelResources.effective(
        spec.container().getResources(), view.desired().pod().getSpec().getResources());
  }

  private static Optional<ResourceRequirements> inForce(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory) {
    PodSpec pod = view.desired().pod().getSpec();
    ResourceRequirements ofPod =
        PodLevelResources.inForce(pod, view.last()).orElse(pod.getResources());
    return ownInForce(spec, view, is, memory).map(o -> PodLevelResources.effective(o, ofPod));
  }

  private static Optional<ResourceRequirements> ownInForce(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory) {
    return Optional.ofNullable(memory.resized().get(is.id()))
        .or(
            () ->
                view.lastOf(spec)
                    .filter(s -> ContainerStatuses.idText(is.id()).equals(s.getContainerID()))
                    .filter(s -> s.getState() != null && s.getState().getRunning() != null)
                    .map(ContainerStatus::getResources));
  }

  /** Adds what is to be said of a change, and tells once that it came into force. */
  static Optional<PodEvent> mark(PodStatus status, PodView view, PodMemory memory, Instant now) {
    PodStatus fromApi = view.desired().pod().getStatus();
    List<PodCondition> conditions = new ArrayList<>(status.getConditions());
    conditions.removeIf(c -> PENDING.equals(c.getType()) || IN_PROGRESS.equals(c.getType()));
    if (fromApi != null) {
      fromApi.getConditions().stream()
          .filter(c -> PENDING.equals(c.getType()))
          .forEach(conditions::add);
    }
    boolean under =
        ofPod(view).isPresent()
            || view.desired().containers().stream()
                .anyMatch(
                    spec ->
                        view.observed()
                            .newest(spec.name())
                            .filter(is -> due(spec, view, is, memory))
                            .isPresent());
    boolean failed = under && memory.trouble().filter(t -> t.reason().equals(FAILED)).isPresent();
    if (under) {
      Optional<PodCondition> before =
          view.last().getConditions().stream()
              .filter(c -> IN_PROGRESS.equals(c.getType()))
              .findFirst();
      PodCondition condition = new PodCondition();
      condition.setType(IN_PROGRESS);
      condition.setStatus("True");
      condition.setReason(failed ? "Error" : null);
      condition.setMessage(
          failed ? memory.trouble().map(PodMemory.Failure::message).orElse(null) : null);
      condition.setObservedGeneration(view.desired().pod().getMetadata().getGeneration());
      condition.setLastTransitionTime(
          before.map(PodCondition::getLastTransitionTime).orElse(ContainerStates.time(now)));
      conditions.add(condition);
    }
    status.setConditions(conditions);
    boolean was =
        view.last().getConditions().stream().anyMatch(c -> IN_PROGRESS.equals(c.getType()));
    return was && !under
        ? Optional.of(
            PodEvent.normal(
                "ResizeCompleted", summary("completed", view.desired(), Optional.empty())))
        : Optional.empty();
  }

  /** The last status with what is in force now, for the looks that follow. */
  static PodStatus withInForce(PodStatus status, PodAction.Resize done) {
    PodStatus copy = KubeJson.treeTo(KubeJson.tree(status), PodStatus.class);
    done.pod().map(PodAction.PodChange::shown).ifPresent(copy::setResources);
    for (List<ContainerStatus> some :
        List.of(copy.getContainerStatuses(), copy.getInitContainerStatuses())) {
      for (ContainerStatus one : some) {
        done.changes().stream()
            .filter(PodAction.Change::inPlace)
            .filter(c -> c.spec().name().equals(one.getName()))
            .forEach(c -> one.setResources(c.own()));
      }
    }
    return copy;
  }

  /** What an event says: the resources of each container, the generation, and what went wrong. */
  public static String summary(String what, DesiredPod pod, Optional<String> error) {
    ObjectNode all = KubeJson.newObject();
    PodSpec spec = pod.pod().getSpec();
    list(all, "initContainers", spec.getInitContainers());
    list(all, "containers", spec.getContainers());
    Long generation = pod.pod().getMetadata().getGeneration();
    all.put("generation", generation == null ? 0 : generation);
    error.ifPresent(e -> all.put("error", e));
    return "Pod resize " + what + ": " + KubeJson.write(all);
  }

  private static void list(ObjectNode into, String name, List<Container> containers) {
    if (!containers.isEmpty()) {
      ArrayNode list = into.putArray(name);
      for (Container c : containers) {
        ObjectNode one = list.addObject().put("name", c.getName());
        one.set(
            "resources",
            KubeJson.tree(
                Objects.requireNonNullElseGet(c.getResources(), ResourceRequirements::new)));
      }
    }
  }

  private static boolean same(
      @Nullable ResourceRequirements one, @Nullable ResourceRequirements other) {
    return RESIZABLE.stream().allMatch(name -> same(one, other, name));
  }

  private static boolean same(
      @Nullable ResourceRequirements one, @Nullable ResourceRequirements other, String name) {
    return amount(one == null ? null : one.getRequests(), name)
                .compareTo(amount(other == null ? null : other.getRequests(), name))
            == 0
        && amount(one == null ? null : one.getLimits(), name)
                .compareTo(amount(other == null ? null : other.getLimits(), name))
            == 0;
  }

  private static BigDecimal amount(@Nullable Map<String, Quantity> from, String name) {
    Quantity quantity = from == null ? null : from.get(name);
    return quantity == null ? BigDecimal.ZERO : QuantityNumber.of(quantity);
  }
}
