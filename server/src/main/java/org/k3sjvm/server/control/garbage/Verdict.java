package org.k3sjvm.server.control.garbage;

import io.fabric8.kubernetes.api.model.OwnerReference;
import java.util.ArrayList;
import java.util.List;

/** What becomes of an object in view of its owners: the decision, without effects. */
sealed interface Verdict {
  /** It stays as it is. */
  record Keep() implements Verdict {}

  /** It stays, without the owners that are gone. */
  record Detach(List<OwnerReference> remaining) implements Verdict {
    public Detach {
      remaining = List.copyOf(remaining);
    }
  }

  /** It goes. */
  record Delete() implements Verdict {}

  /** It goes after what it owns, because an owner waits for all of it. */
  record DeleteAfterDependents() implements Verdict {}

  /** How an owner is. */
  enum OwnerState {
    /** It exists. */
    SOLID,
    /** It does not exist. */
    GONE,
    /** It exists until all that it owns is gone. */
    WAITING
  }

  /** An owner as it is. */
  record Owner(OwnerReference reference, OwnerState state) {}

  /**
   * Decides.
   *
   * @param hasDependents whether it owns something itself
   */
  static Verdict of(List<Owner> owners, boolean hasDependents) {
    List<OwnerReference> solid = new ArrayList<>();
    boolean waitedFor = false;
    for (Owner owner : owners) {
      switch (owner.state()) {
        case SOLID -> solid.add(owner.reference());
        case GONE -> {}
        case WAITING -> waitedFor |= Boolean.TRUE.equals(owner.reference().getBlockOwnerDeletion());
      }
    }
    if (owners.isEmpty() || solid.size() == owners.size()) {
      return new Keep();
    }
    if (!solid.isEmpty()) {
      return new Detach(solid);
    }
    return waitedFor && hasDependents ? new DeleteAfterDependents() : new Delete();
  }
}
