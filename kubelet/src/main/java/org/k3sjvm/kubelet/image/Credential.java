package org.k3sjvm.kubelet.image;

import org.k3sjvm.cri.RegistryAuth;

/** A login to a registry, and whose it is. */
public record Credential(RegistryAuth auth, Source source) {
  /** Where it comes from. */
  public sealed interface Source {
    /** The node's own: every pod may use it. */
    record Node() implements Source {}

    /** A pull secret of the pod's namespace. */
    record PullSecret(String uid, String namespace, String name) implements Source {}

    /** A provider's answer for one service account. */
    record ServiceAccount(String uid, String namespace, String name) implements Source {}
  }
}
