package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;

/** A container as the pod asks for it, and which of the pod's lists it stands in. */
public record ContainerSpec(Kind kind, Container container) {
  public String name() {
    return container.getName();
  }

  /** Whether it restarts whatever the pod's policy says, and never holds the pod back. */
  public boolean sidecar() {
    return kind == Kind.SIDECAR;
  }

  /** What events call the place, such as {@code spec.containers{app}}. */
  public String fieldPath() {
    return switch (kind) {
      case INIT, SIDECAR -> "spec.initContainers{" + name() + "}";
      case REGULAR -> "spec.containers{" + name() + "}";
      case EPHEMERAL -> "spec.ephemeralContainers{" + name() + "}";
    };
  }

  /** The roles a container can have. */
  public enum Kind {
    /** Runs to its end before the next one starts. */
    INIT,
    /** Stands among the init containers with restart policy {@code Always}. */
    SIDECAR,
    REGULAR,
    /** Added while the pod runs; started once. */
    EPHEMERAL
  }
}
