package org.k3sjvm.kube;

import java.util.Optional;

/**
 * How to delete.
 *
 * @param graceSeconds empty for the kind's own; 0 at once
 * @param uid delete only this very object; else {@link KubeException.Conflict}
 */
public record DeleteRequest(Optional<Long> graceSeconds, Optional<String> uid) {
  public static final DeleteRequest DEFAULT = new DeleteRequest(Optional.empty(), Optional.empty());

  /** At once, and only the object with that uid: how a kubelet removes a pod that has ended. */
  public static DeleteRequest now(String uid) {
    return new DeleteRequest(Optional.of(0L), Optional.of(uid));
  }
}
