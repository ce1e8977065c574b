package org.k3sjvm.cri;

import java.util.List;

/** Linux capabilities to add and drop, without {@code CAP_}; {@code ALL} is allowed. */
public record Capabilities(List<String> add, List<String> drop) {
  /** Those of the runtime's default. */
  public static final Capabilities DEFAULT = new Capabilities(List.of(), List.of());

  public Capabilities {
    add = List.copyOf(add);
    drop = List.copyOf(drop);
  }
}
