package org.k3sjvm.kubelet.pod;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.SandboxId;

/**
 * What the runtime has of a pod.
 *
 * @param sandboxes the newest first
 * @param containers of all sandboxes, the newest first
 */
public record ObservedPod(List<ObservedSandbox> sandboxes, List<ObservedContainer> containers) {
  /** A pod of which the runtime has nothing. */
  public static final ObservedPod NOTHING = new ObservedPod(List.of(), List.of());

  public ObservedPod {
    sandboxes =
        sandboxes.stream()
            .sorted(
                Comparator.comparingInt(ObservedSandbox::attempt)
                    .thenComparing(ObservedSandbox::createdAt)
                    .reversed())
            .toList();
    containers =
        containers.stream()
            .sorted(
                Comparator.comparing(ObservedContainer::createdAt)
                    .thenComparingInt(ObservedContainer::attempt)
                    .reversed())
            .toList();
  }

  public boolean nothing() {
    return sandboxes.isEmpty() && containers.isEmpty();
  }

  /** Every instance of a container, the newest first. */
  public List<ObservedContainer> instances(String name) {
    return containers.stream().filter(c -> c.name().equals(name)).toList();
  }

  public Optional<ObservedContainer> newest(String name) {
    return containers.stream().filter(c -> c.name().equals(name)).findFirst();
  }

  /** The newest instance within one sandbox. */
  public Optional<ObservedContainer> newest(String name, SandboxId sandbox) {
    return containers.stream()
        .filter(c -> c.name().equals(name) && c.sandbox().equals(sandbox))
        .findFirst();
  }

  /** Whether a container has run in a sandbox, be it over by now. */
  public boolean hasRunIn(SandboxId sandbox) {
    return containers.stream()
        .anyMatch(c -> c.sandbox().equals(sandbox) && c.startedAt().isPresent());
  }

  /** Containers of which something may still run. */
  public List<ObservedContainer> alive() {
    return containers.stream().filter(ObservedContainer::alive).toList();
  }

  public List<ObservedSandbox> readySandboxes() {
    return sandboxes.stream().filter(ObservedSandbox::ready).toList();
  }
}
