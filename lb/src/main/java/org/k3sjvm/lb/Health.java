package org.k3sjvm.lb;

/** What somebody else knows about a server. */
public enum Health {
  /** Nothing yet; changes no state. */
  UNKNOWN,
  OK,
  FAILED
}
