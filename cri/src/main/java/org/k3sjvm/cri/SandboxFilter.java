package org.k3sjvm.cri;

import java.util.Map;
import java.util.Optional;

/**
 * Which sandboxes to list: all conditions hold together.
 *
 * @param labels each must be present with that value
 */
public record SandboxFilter(
    Optional<SandboxId> id, Optional<SandboxState> state, Map<String, String> labels) {

  /** Every sandbox. */
  public static final SandboxFilter ALL =
      new SandboxFilter(Optional.empty(), Optional.empty(), Map.of());

  public SandboxFilter {
    labels = Map.copyOf(labels);
  }

  /** Those with these labels. */
  public static SandboxFilter labelled(Map<String, String> labels) {
    return new SandboxFilter(Optional.empty(), Optional.empty(), labels);
  }
}
