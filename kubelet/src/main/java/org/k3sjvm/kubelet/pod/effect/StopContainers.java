package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.LifecycleHandler;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.kubelet.pod.ContainerSpec;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Interrupts;
import org.k3sjvm.kubelet.pod.PodAction;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Ends containers beside each other: the hook first, then its turn, then the runtime, all within
 * one grace period.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go, killContainer.
 */
final class StopContainers {
  /** Times reach the runtime in whole seconds; what passed since the decision does not cost one. */
  private static final int ROUNDING_MILLIS = 999;

  private final Toolbox tools;
  private final Hooks hooks;

  StopContainers(Toolbox tools, Hooks hooks) {
    this.tools = tools;
    this.hooks = hooks;
  }

  /** Returns when all have ended; the first failure is thrown, others ride along. */
  void run(DesiredPod pod, PodAction.StopContainers action, Interrupts interrupts)
      throws InterruptedException {
    for (PodAction.Stop stop : action.stops()) {
      if (stop.first()) {
        PodEvent event = PodEvent.normal("Killing", stop.message());
        tools.output().event(pod, pod.container(stop.name()).map(event::of).orElse(event));
      }
    }
    interrupts.during(() -> all(pod, new Round(action)));
  }

  /** Who waits for whom; a failure lets everybody go, for another try comes soon. */
  private static final class Round {
    private final PodAction.StopContainers action;
    private final Map<ContainerId, CountDownLatch> ended = new HashMap<>();
    private final Queue<CriException> faults = new ConcurrentLinkedQueue<>();

    Round(PodAction.StopContainers action) {
      this.action = action;
      action.stops().forEach(s -> ended.put(s.id(), new CountDownLatch(1)));
    }

    /** Whether its turn has come; not when one before it failed. */
    boolean awaitTurn(PodAction.Stop stop, InstantSource clock) throws InterruptedException {
      for (ContainerId id : stop.after()) {
        CountDownLatch before = ended.get(id);
        Duration left = Duration.between(clock.instant(), stop.killAt());
        if (before != null && left.isPositive()) {
          boolean _ = before.await(left.toMillis(), TimeUnit.MILLISECONDS); // or its time is over
        }
      }
      return faults.isEmpty();
    }

    void ended(PodAction.Stop stop) {
      Objects.requireNonNull(ended.get(stop.id())).countDown();
    }
  }

  private void all(DesiredPod pod, Round round) throws InterruptedException {
    if (round.action.stops().size() == 1) {
      one(pod, round.action.stops().getFirst(), round);
      return;
    }
    List<Thread> threads = new ArrayList<>();
    for (PodAction.Stop stop : round.action.stops()) {
      threads.add(
          Thread.ofVirtual()
              .name("stop/" + stop.name())
              .start(
                  () -> {
                    try {
                      one(pod, stop, round);
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    } catch (CriException e) {
                      round.faults.add(e);
                    } finally {
                      round.ended(stop);
                    }
                  }));
    }
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } finally {
      threads.forEach(Thread::interrupt);
      threads.forEach(StopContainers::joinQuietly);
    }
    CriException first = round.faults.poll();
    if (first != null) {
      round.faults.forEach(first::addSuppressed);
      throw first;
    }
  }

  private void one(DesiredPod pod, PodAction.Stop stop, Round round) throws InterruptedException {
    if (stop.first()) {
      runHook(pod, stop, round.action.podIps());
    }
    if (!round.awaitTurn(stop, tools.clock())) {
      return;
    }
    Duration rest = left(stop.killAt()).plusMillis(ROUNDING_MILLIS).truncatedTo(ChronoUnit.SECONDS);
    boolean floor = rest.compareTo(PodAction.MINIMUM_GRACE) < 0;
    tools.runtime().stopContainer(stop.id(), floor ? PodAction.MINIMUM_GRACE : rest);
  }

  /** A hook that takes longer than the container has is left to itself. */
  private void runHook(DesiredPod pod, PodAction.Stop stop, List<String> podIps)
      throws InterruptedException {
    Optional<LifecycleHandler> hook = preStop(pod, stop.name());
    Duration left = left(stop.killAt());
    if (hook.isEmpty() || !left.isPositive()) {
      return;
    }
    Duration whole = left.plusMillis(ROUNDING_MILLIS).truncatedTo(ChronoUnit.SECONDS);
    ContainerSpec spec = pod.container(stop.name()).orElseThrow();
    Thread thread =
        Thread.ofVirtual()
            .name("pre-stop/" + stop.name())
            .start(
                () -> {
                  try {
                    hooks
                        .run(
                            hook.get(),
                            stop.id(),
                            spec.container(),
                            podIps,
                            whole,
                            e -> tools.output().event(pod, e.of(spec)))
                        .ifPresent(_ -> hookFailed(pod, spec));
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try {
      boolean _ = thread.join(left);
    } finally {
      thread.interrupt();
    }
  }

  private void hookFailed(DesiredPod pod, ContainerSpec spec) {
    // What it said may hold secrets of the server that answered.
    tools.output().event(pod, PodEvent.warning("FailedPreStopHook", "PreStopHook failed").of(spec));
  }

  private static Optional<LifecycleHandler> preStop(DesiredPod pod, String name) {
    return pod.container(name)
        .map(ContainerSpec::container)
        .flatMap(c -> Optional.ofNullable(c.getLifecycle()))
        .flatMap(l -> Optional.ofNullable(l.getPreStop()));
  }

  private Duration left(Instant killAt) {
    return Duration.between(tools.clock().instant(), killAt);
  }

  private static void joinQuietly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
