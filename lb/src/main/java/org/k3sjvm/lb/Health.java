package org.k3sjvm.lb;

/** What somebody else knows about a server. */
public enum Health {
  /** Nothing yet; changes no state. */
  UNKNOWN,
  OK,
  /** A server that had worked does not any more. */
  FAILED,
  /** It takes connections and answers none of them: left for another one, whatever its state. */
  UNUSABLE
}
