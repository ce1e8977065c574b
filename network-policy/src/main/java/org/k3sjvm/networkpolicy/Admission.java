package org.k3sjvm.networkpolicy;

import org.k3sjvm.networkpolicy.PolicyBoard.Outcome;

/** Whether a container may start, and why. */
enum Admission {
  /** No policy that we know of selects its pod, or those that do are in force. */
  FREE,
  /** Policies are not known, but a former agent let its pod run under the rules that stand. */
  UNDER_FORMER_RULES,
  /** Policies are not known, and none was in force on this node before. */
  BEFORE_ANY_POLICY,
  /** Not yet: the kernel lacks the rules for its pod. */
  NOT_IN_FORCE,
  /** Not yet: nobody knows the rules for its pod, nor that there were none. */
  NOT_KNOWN;

  /**
   * The decision after a wait.
   *
   * <p>A container only ever ran in a sandbox after its pod was admitted, so with a table in the
   * kernel that sandbox's addresses have their place in it; a refusal would protect nothing that
   * the pod's other processes could not reach. A policy that is known, while no table is there, was
   * never in force for anybody.
   *
   * @param outcome how the wait ended
   * @param selected whether a policy that is known selects the pod
   * @param tabled whether the kernel has a table, of whatever agent
   * @param ranBefore whether a container has run in the pod's sandbox before
   * @param lost whether no server was there at the start, and what held before is not remembered
   */
  static Admission of(
      Outcome outcome, boolean selected, boolean tabled, boolean ranBefore, boolean lost) {
    return switch (outcome) {
      case IN_FORCE -> FREE;
      case LATE -> selected ? NOT_IN_FORCE : FREE;
      case UNKNOWN -> {
        if (tabled) {
          yield ranBefore ? UNDER_FORMER_RULES : NOT_KNOWN;
        }
        yield selected || lost ? NOT_KNOWN : BEFORE_ANY_POLICY;
      }
    };
  }
}
