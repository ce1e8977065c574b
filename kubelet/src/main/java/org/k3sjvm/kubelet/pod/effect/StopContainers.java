package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.LifecycleHandler;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.kubelet.pod.ContainerSpec;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Interrupts;
import org.k3sjvm.kubelet.pod.PodAction;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Ends containers beside each other: the hook first, then the runtime, within one grace period.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_container.go, killContainer.
 */
final class StopContainers {
  private final Toolbox tools;
  private final Hooks hooks;

  StopContainers(Toolbox tools, Hooks hooks) {
    this.tools = tools;
    this.hooks = hooks;
  }

  /** Returns when all have ended; the first failure is thrown, others ride along. */
  void run(DesiredPod pod, List<PodAction.Stop> stops, Interrupts interrupts)
      throws InterruptedException {
    for (PodAction.Stop stop : stops) {
      if (stop.first()) {
        PodEvent event = PodEvent.normal("Killing", stop.message());
        tools.output().event(pod, pod.container(stop.name()).map(event::of).orElse(event));
      }
    }
    interrupts.during(() -> all(pod, stops));
  }

  private void all(DesiredPod pod, List<PodAction.Stop> stops) throws InterruptedException {
    if (stops.size() == 1) {
      one(pod, stops.getFirst());
      return;
    }
    Queue<CriException> faults = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (PodAction.Stop stop : stops) {
      threads.add(
          Thread.ofVirtual()
              .name("stop/" + stop.name())
              .start(
                  () -> {
                    try {
                      one(pod, stop);
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    } catch (CriException e) {
                      faults.add(e);
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
    CriException first = faults.poll();
    if (first != null) {
      faults.forEach(first::addSuppressed);
      throw first;
    }
  }

  private void one(DesiredPod pod, PodAction.Stop stop) throws InterruptedException {
    Optional<LifecycleHandler> hook = stop.first() ? preStop(pod, stop.name()) : Optional.empty();
    Duration left = left(stop.killAt());
    if (hook.isPresent() && left.isPositive()) {
      Duration whole = left.plusMillis(999).truncatedTo(ChronoUnit.SECONDS);
      ContainerSpec spec = pod.container(stop.name()).orElseThrow();
      Optional<String> failure =
          hooks.run(hook.get(), stop.id(), spec.container(), List.of(), whole);
      failure.ifPresent(
          _ ->
              tools
                  .output()
                  .event(
                      pod, PodEvent.warning("FailedPreStopHook", "PreStopHook failed").of(spec)));
    }
    Duration rest = left(stop.killAt());
    boolean floor = rest.compareTo(PodAction.MINIMUM_GRACE) < 0;
    tools.runtime().stopContainer(stop.id(), floor ? PodAction.MINIMUM_GRACE : rest);
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
