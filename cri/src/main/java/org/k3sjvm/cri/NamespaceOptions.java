package org.k3sjvm.cri;

import java.util.Optional;

/**
 * The namespaces of a sandbox or container.
 *
 * @param target the container whose process namespace is joined; present only if {@code pid} is
 *     {@link NamespaceMode#TARGET}
 * @param user empty where the runtime knows no user namespaces
 */
public record NamespaceOptions(
    NamespaceMode network,
    NamespaceMode pid,
    NamespaceMode ipc,
    Optional<ContainerId> target,
    Optional<UserNamespace> user) {

  /** Network and IPC of the pod, processes of the container's own: what most pods have. */
  public static final NamespaceOptions DEFAULT =
      new NamespaceOptions(NamespaceMode.POD, NamespaceMode.CONTAINER, NamespaceMode.POD);

  public NamespaceOptions {
    if (target.isPresent() != (pid == NamespaceMode.TARGET)) {
      throw new IllegalArgumentException("a target container goes with pid mode TARGET");
    }
  }

  /** Without target and user namespace. */
  public NamespaceOptions(NamespaceMode network, NamespaceMode pid, NamespaceMode ipc) {
    this(network, pid, ipc, Optional.empty(), Optional.empty());
  }
}
