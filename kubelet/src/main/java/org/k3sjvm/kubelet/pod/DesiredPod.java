package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A pod as its source wants it. The object is shared by everybody who looks at this version of the
 * pod and is never changed.
 *
 * @param ephemeral the pod's ephemeral containers in the shape of ordinary ones
 */
public record DesiredPod(
    Pod pod,
    PodUid uid,
    List<ContainerSpec> init,
    List<ContainerSpec> regular,
    List<ContainerSpec> ephemeral) {

  static final Duration SHORTEST_GRACE = Duration.ofSeconds(1);

  /** Users write any 64-bit number; beyond this one it makes no difference to anybody. */
  private static final Duration LONGEST_GRACE = Duration.ofDays(3650);

  public DesiredPod {
    init = List.copyOf(init);
    regular = List.copyOf(regular);
    ephemeral = List.copyOf(ephemeral);
  }

  /** Sorts the containers by what they are for. */
  public static DesiredPod of(Pod pod) {
    return new DesiredPod(
        pod,
        new PodUid(pod.getMetadata().getUid()),
        pod.getSpec().getInitContainers().stream().map(DesiredPod::initSpec).toList(),
        pod.getSpec().getContainers().stream()
            .map(c -> new ContainerSpec(ContainerSpec.Kind.REGULAR, c))
            .toList(),
        pod.getSpec().getEphemeralContainers().stream().map(DesiredPod::ephemeralSpec).toList());
  }

  public String namespace() {
    return pod.getMetadata().getNamespace();
  }

  public String name() {
    return pod.getMetadata().getName();
  }

  /** {@code namespace/name}, for logs. */
  public String fullName() {
    return namespace() + "/" + name();
  }

  /** Every container: init, regular, ephemeral. */
  public List<ContainerSpec> containers() {
    List<ContainerSpec> all = new ArrayList<>(init);
    all.addAll(regular);
    all.addAll(ephemeral);
    return all;
  }

  public Optional<ContainerSpec> container(String name) {
    return containers().stream().filter(c -> c.name().equals(name)).findFirst();
  }

  public boolean hostNetwork() {
    return Boolean.TRUE.equals(pod.getSpec().getHostNetwork());
  }

  /** {@code Always}, {@code OnFailure} or {@code Never}. */
  public String restartPolicy() {
    String policy = pod.getSpec().getRestartPolicy();
    return policy == null ? "Always" : policy;
  }

  /** Whether somebody asked the API server to delete it. */
  public boolean deleting() {
    return pod.getMetadata().getDeletionTimestamp() != null;
  }

  /**
   * How long its containers may take to end. At least a second. Source: kubelet v1.36
   * pkg/kubelet/pod_workers.go, calculateEffectiveGracePeriod.
   */
  public Duration grace() {
    Long deletion = pod.getMetadata().getDeletionGracePeriodSeconds();
    Long spec = pod.getSpec().getTerminationGracePeriodSeconds();
    long seconds = deletion != null && deleting() ? deletion : spec != null ? spec : 30;
    return graceOf(seconds);
  }

  /** A time that some field gives, within sane bounds. */
  static Duration graceOf(long seconds) {
    return Duration.ofSeconds(
        Math.clamp(seconds, SHORTEST_GRACE.toSeconds(), LONGEST_GRACE.toSeconds()));
  }

  /** The container whose processes an ephemeral one wants to see. */
  public Optional<String> target(ContainerSpec spec) {
    return spec.kind() == ContainerSpec.Kind.EPHEMERAL
        ? pod.getSpec().getEphemeralContainers().stream()
            .filter(c -> c.getName().equals(spec.name()))
            .findFirst()
            .map(EphemeralContainer::getTargetContainerName)
            .filter(t -> !t.isEmpty())
        : Optional.empty();
  }

  /** Whether the status that came with the object says it ended for good. */
  public boolean endedBefore() {
    return pod.getStatus() != null
        && ("Succeeded".equals(pod.getStatus().getPhase())
            || "Failed".equals(pod.getStatus().getPhase()));
  }

  private static ContainerSpec initSpec(Container container) {
    boolean sidecar = "Always".equals(container.getRestartPolicy());
    return new ContainerSpec(
        sidecar ? ContainerSpec.Kind.SIDECAR : ContainerSpec.Kind.INIT, container);
  }

  private static ContainerSpec ephemeralSpec(EphemeralContainer from) {
    return new ContainerSpec(
        ContainerSpec.Kind.EPHEMERAL,
        new ContainerBuilder()
            .withName(from.getName())
            .withImage(from.getImage())
            .withImagePullPolicy(from.getImagePullPolicy())
            .withCommand(from.getCommand())
            .withArgs(from.getArgs())
            .withWorkingDir(from.getWorkingDir())
            .withEnv(from.getEnv())
            .withEnvFrom(from.getEnvFrom())
            .withVolumeMounts(from.getVolumeMounts())
            .withSecurityContext(from.getSecurityContext())
            .withStdin(from.getStdin())
            .withStdinOnce(from.getStdinOnce())
            .withTty(from.getTty())
            .withTerminationMessagePath(from.getTerminationMessagePath())
            .withTerminationMessagePolicy(from.getTerminationMessagePolicy())
            .build());
  }
}
