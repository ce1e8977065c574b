package org.k3sjvm.kubelet.pod;

/**
 * Why a pod ends.
 *
 * @param reason what its status will say; empty to leave that to its containers
 * @param message goes with {@code reason}
 */
public record TerminationReason(Kind kind, String reason, String message) {
  public static final TerminationReason DELETED = new TerminationReason(Kind.DELETED, "", "");
  public static final TerminationReason REMOVED = new TerminationReason(Kind.REMOVED, "", "");
  public static final TerminationReason FINISHED = new TerminationReason(Kind.FINISHED, "", "");

  /** Source: kubelet v1.36 pkg/kubelet/active_deadline.go. */
  public static final TerminationReason DEADLINE_EXCEEDED =
      new TerminationReason(
          Kind.KILLED,
          "DeadlineExceeded",
          "Pod was active on the node longer than the specified deadline");

  /** The node ends the pod for reasons of its own, such as a full disk. */
  public static TerminationReason killed(String reason, String message) {
    return new TerminationReason(Kind.KILLED, reason, message);
  }

  /** Who wants it. */
  public enum Kind {
    /** The API object carries a deletion timestamp. */
    DELETED,
    /** The source does not know the pod any more. */
    REMOVED,
    /** Its containers ended and none restarts. */
    FINISHED,
    /** The node: the status becomes {@code Failed}. */
    KILLED
  }
}
