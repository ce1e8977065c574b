package org.k3sjvm.cri;

import java.util.Map;
import java.util.Optional;

/**
 * Which containers to list: all conditions hold together.
 *
 * @param labels each must be present with that value
 */
public record ContainerFilter(
    Optional<ContainerId> id,
    Optional<SandboxId> sandbox,
    Optional<ContainerState> state,
    Map<String, String> labels) {

  /** Every container. */
  public static final ContainerFilter ALL =
      new ContainerFilter(Optional.empty(), Optional.empty(), Optional.empty(), Map.of());

  public ContainerFilter {
    labels = Map.copyOf(labels);
  }

  /** Those with these labels. */
  public static ContainerFilter labelled(Map<String, String> labels) {
    return new ContainerFilter(Optional.empty(), Optional.empty(), Optional.empty(), labels);
  }

  /** Those of one sandbox. */
  public static ContainerFilter of(SandboxId sandbox) {
    return new ContainerFilter(Optional.empty(), Optional.of(sandbox), Optional.empty(), Map.of());
  }
}
