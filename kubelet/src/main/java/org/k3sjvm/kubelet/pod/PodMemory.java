package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.SandboxId;

/**
 * What a worker knows that the runtime cannot show. Lost with the agent, except for the status,
 * which the API server gives back.
 *
 * @param status the last one made, or the API server's; never changed in place
 * @param prepared whether directories and control group were made since the agent started
 * @param volumesMountedAt when volumes were last brought up to date; empty before, and when gone
 * @param trouble why the last round for the pod as a whole failed
 * @param failures why a container could not be started, by name
 * @param crashes how long each container waits before its next restart, by name
 * @param announced back-offs that were told as events, by container name, as a text of their own
 * @param stopping containers that were told to end
 * @param stopped containers of which the runtime said that they ended when told to
 * @param replaced containers that are ended to run again as they are asked for now
 * @param released sandboxes of which the runtime said so
 * @param hookFailed containers whose post-start hook failed
 * @param left what the pod still has on the node besides sandboxes
 * @param resized what came into force for running containers that were changed
 */
public record PodMemory(
    PodStatus status,
    boolean prepared,
    Optional<Instant> volumesMountedAt,
    Optional<Failure> trouble,
    Map<String, Failure> failures,
    Map<String, Crash> crashes,
    Map<String, String> announced,
    Set<ContainerId> stopping,
    Set<ContainerId> stopped,
    Set<ContainerId> replaced,
    Set<SandboxId> released,
    Set<ContainerId> hookFailed,
    Left left,
    Map<ContainerId, ResourceRequirements> resized) {

  /** The first wait before another try, and the longest. Source: kubelet v1.36 backOffPeriod. */
  static final Duration RETRY_FIRST = Duration.ofSeconds(1);

  static final Duration RETRY_CAP = Duration.ofSeconds(10);

  /** Source: kubelet v1.36 imageBackOffPeriod and MaxImageBackOff (MaxContainerBackOff). */
  static final Duration PULL_FIRST = Duration.ofSeconds(10);

  static final Duration PULL_CAP = Duration.ofMinutes(5);

  public PodMemory {
    failures = Map.copyOf(failures);
    crashes = Map.copyOf(crashes);
    announced = Map.copyOf(announced);
    stopping = Set.copyOf(stopping);
    stopped = Set.copyOf(stopped);
    replaced = Set.copyOf(replaced);
    released = Set.copyOf(released);
    hookFailed = Set.copyOf(hookFailed);
    resized = Map.copyOf(resized);
  }

  /** Of a pod that was never looked at. */
  public static PodMemory fresh(PodStatus status) {
    return new PodMemory(
        status,
        false,
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        Map.of(),
        Map.of(),
        Set.of(),
        Set.of(),
        Set.of(),
        Set.of(),
        Set.of(),
        new Left(true, true, true),
        Map.of());
  }

  /**
   * A failed try.
   *
   * @param reason as status names it
   * @param count how many in a row
   * @param hash the container's definition at that time; empty for the pod as a whole
   * @param volumeImage the image that could not be had, when it is not the container's own
   */
  public record Failure(
      String reason,
      String message,
      Instant at,
      Instant retryAt,
      int count,
      String hash,
      Optional<String> volumeImage) {
    /** Another image deserves another try. */
    boolean concerns(ContainerSpec spec) {
      return hash.equals(ContainerHash.of(spec.container()));
    }

    boolean ofImage() {
      return reason.equals("ErrImagePull")
          || reason.equals("RegistryUnavailable")
          || reason.equals("SignatureValidationFailed");
    }
  }

  /**
   * A container's crash back-off.
   *
   * @param hash the definition it belongs to; another one starts anew
   * @param pause from the end of the last run
   * @param at when it was restarted
   */
  public record Crash(String hash, Duration pause, Instant at) {}

  /** What the pod has on the node besides sandboxes. */
  public record Left(boolean volumes, boolean cgroup, boolean files) {}

  /** The memory after an action was tried. */
  public PodMemory after(PodAction action, ActionResult result, Instant now) {
    return switch (result) {
      case ActionResult.Failed failed -> failed(action, failed, now);
      case ActionResult.Interrupted _ -> begun(action);
      case ActionResult.Done _ -> done(action, now);
      case ActionResult.Started started -> started(action, started, now);
    };
  }

  /** The memory once containers were told to end, also if that is cut short. */
  public PodMemory begun(PodAction action) {
    if (!(action instanceof PodAction.StopContainers stop)) {
      return this;
    }
    Set<ContainerId> more = new HashSet<>(stopping);
    stop.stops().forEach(s -> more.add(s.id()));
    Set<ContainerId> again = new HashSet<>(replaced);
    stop.stops().stream().filter(PodAction.Stop::replaced).forEach(s -> again.add(s.id()));
    return copy().stopping(more).replaced(again).build();
  }

  private PodMemory done(PodAction action, Instant now) {
    Copy copy = begun(action).copy();
    if (!(action instanceof PodAction.StartContainer)
        && trouble.filter(t -> onTheWayTo(t, action)).isEmpty()) {
      copy.trouble(Optional.empty());
    }
    switch (action) {
      case PodAction.Prepare _ -> copy.prepared(true);
      case PodAction.MountVolumes _ -> copy.volumesMountedAt(Optional.of(now));
      case PodAction.UnmountVolumes _ ->
          copy.volumesMountedAt(Optional.empty())
              .left(new Left(false, left.cgroup(), left.files()));
      case PodAction.RemoveCgroup _ -> copy.left(new Left(left.volumes(), false, left.files()));
      case PodAction.RemoveFiles _ -> copy.left(new Left(left.volumes(), left.cgroup(), false));
      case PodAction.Resize resize -> {
        Map<ContainerId, ResourceRequirements> more = new HashMap<>(resized);
        resize.changes().stream()
            .filter(PodAction.Change::inPlace)
            .forEach(c -> more.put(c.id(), c.own()));
        copy.resized(more).status(Resizing.withInForce(status, resize));
      }
      case PodAction.StopContainers(List<PodAction.Stop> stops, var _) -> {
        Set<ContainerId> more = new HashSet<>(stopped);
        stops.forEach(s -> more.add(s.id()));
        copy.stopped(more);
      }
      case PodAction.StopSandbox(SandboxId id) -> {
        Set<SandboxId> more = new HashSet<>(released);
        more.add(id);
        copy.released(more);
      }
      case PodAction.CreateSandbox _,
          PodAction.StartContainer _,
          PodAction.RemoveContainer _,
          PodAction.RemoveSandbox _ -> {}
    }
    return copy.build();
  }

  /** Whether an action only comes before the one that failed, and so is no success of that. */
  private static boolean onTheWayTo(Failure failed, PodAction done) {
    return switch (done) {
      case PodAction.Prepare _ -> true;
      case PodAction.MountVolumes _ -> failed.reason().equals("CreatePodSandboxError");
      default -> false;
    };
  }

  private PodMemory started(PodAction action, ActionResult.Started started, Instant now) {
    Copy copy = copy();
    if (action instanceof PodAction.StartContainer start) {
      Map<String, Failure> changed = new HashMap<>(failures);
      changed.remove(start.spec().name());
      if (started.postStartFailure().isPresent()) {
        Set<ContainerId> more = new HashSet<>(hookFailed);
        more.add(started.id());
        copy.hookFailed(more);
        String why = started.postStartFailure().get();
        changed.put(
            start.spec().name(),
            new Failure(
                "PostStartHookError",
                why,
                now,
                now.plus(RETRY_FIRST),
                1,
                ContainerHash.of(start.spec().container()),
                Optional.empty()));
      }
      copy.failures(changed);
    }
    return copy.build();
  }

  /** Without what was remembered of containers and sandboxes that are gone. */
  PodMemory of(ObservedPod observed) {
    if (stopping.isEmpty() && hookFailed.isEmpty() && released.isEmpty()) {
      return this;
    }
    Set<ContainerId> there = new HashSet<>();
    observed.containers().forEach(c -> there.add(c.id()));
    Set<SandboxId> sandboxes = new HashSet<>();
    observed.sandboxes().forEach(s -> sandboxes.add(s.id()));
    return copy()
        .stopping(both(stopping, there))
        .stopped(both(stopped, there))
        .replaced(both(replaced, there))
        .hookFailed(both(hookFailed, there))
        .released(both(released, sandboxes))
        .build();
  }

  private static <T> Set<T> both(Set<T> remembered, Set<T> there) {
    if (there.containsAll(remembered)) {
      return remembered;
    }
    Set<T> left = new HashSet<>(remembered);
    left.retainAll(there);
    return left;
  }

  private PodMemory failed(PodAction action, ActionResult.Failed failed, Instant now) {
    PodMemory memory = begun(action);
    if (action instanceof PodAction.StartContainer start) {
      Map<String, Failure> more = new HashMap<>(failures);
      Optional<Failure> before =
          Optional.ofNullable(failures.get(start.spec().name()))
              .filter(f -> f.concerns(start.spec()));
      more.put(
          start.spec().name(),
          next(before, failed, ContainerHash.of(start.spec().container()), now));
      return memory.copy().failures(more).build();
    }
    return memory.copy().trouble(Optional.of(next(trouble, failed, "", now))).build();
  }

  private static Failure next(
      Optional<Failure> before, ActionResult.Failed failed, String hash, Instant now) {
    int count =
        1 + before.filter(f -> f.reason().equals(failed.reason())).map(Failure::count).orElse(0);
    Failure failure = failure(failed, now, now, count, hash);
    Duration wait =
        failure.ofImage()
            ? doubling(PULL_FIRST, PULL_CAP, count)
            : doubling(RETRY_FIRST, RETRY_CAP, count);
    return failure(failed, now, now.plus(wait), count, hash);
  }

  private static Failure failure(
      ActionResult.Failed failed, Instant at, Instant retryAt, int count, String hash) {
    return new Failure(
        failed.reason(), failed.message(), at, retryAt, count, hash, failed.volumeImage());
  }

  static Duration doubling(Duration first, Duration cap, int count) {
    Duration wait = first.multipliedBy(1L << Math.min(count - 1, 16));
    return wait.compareTo(cap) > 0 ? cap : wait;
  }

  Copy copy() {
    return new Copy(this);
  }

  /** Collects changes; one thread. */
  static final class Copy {
    private final PodMemory from;
    private PodStatus status;
    private boolean prepared;
    private Optional<Instant> volumesMountedAt;
    private Optional<Failure> trouble;
    private Map<String, Failure> failures;
    private Map<String, Crash> crashes;
    private Map<String, String> announced;
    private Set<ContainerId> stopping;
    private Set<ContainerId> stopped;
    private Set<ContainerId> replaced;
    private Set<SandboxId> released;
    private Set<ContainerId> hookFailed;
    private Left left;
    private Map<ContainerId, ResourceRequirements> resized;

    Copy(PodMemory from) {
      this.from = from;
      status = from.status;
      prepared = from.prepared;
      volumesMountedAt = from.volumesMountedAt;
      trouble = from.trouble;
      failures = from.failures;
      crashes = from.crashes;
      announced = from.announced;
      stopping = from.stopping;
      stopped = from.stopped;
      replaced = from.replaced;
      released = from.released;
      hookFailed = from.hookFailed;
      left = from.left;
      resized = from.resized;
    }

    Copy status(PodStatus value) {
      status = value;
      return this;
    }

    Copy prepared(boolean value) {
      prepared = value;
      return this;
    }

    Copy volumesMountedAt(Optional<Instant> value) {
      volumesMountedAt = value;
      return this;
    }

    Copy trouble(Optional<Failure> value) {
      trouble = value;
      return this;
    }

    Copy failures(Map<String, Failure> value) {
      failures = value;
      return this;
    }

    Copy crashes(Map<String, Crash> value) {
      crashes = value;
      return this;
    }

    Copy announced(Map<String, String> value) {
      announced = value;
      return this;
    }

    Copy stopping(Set<ContainerId> value) {
      stopping = value;
      return this;
    }

    Copy stopped(Set<ContainerId> value) {
      stopped = value;
      return this;
    }

    Copy replaced(Set<ContainerId> value) {
      replaced = value;
      return this;
    }

    Copy released(Set<SandboxId> value) {
      released = value;
      return this;
    }

    Copy hookFailed(Set<ContainerId> value) {
      hookFailed = value;
      return this;
    }

    Copy left(Left value) {
      left = value;
      return this;
    }

    Copy resized(Map<ContainerId, ResourceRequirements> value) {
      resized = value;
      return this;
    }

    PodMemory build() {
      PodMemory made =
          new PodMemory(
              status,
              prepared,
              volumesMountedAt,
              trouble,
              failures,
              crashes,
              announced,
              stopping,
              stopped,
              replaced,
              released,
              hookFailed,
              left,
              resized);
      return made.equals(from) ? from : made;
    }
  }
}
