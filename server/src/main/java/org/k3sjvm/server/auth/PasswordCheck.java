package org.k3sjvm.server.auth;

/** Whether a node is the one that it says it is. */
public sealed interface PasswordCheck {
  /** It has the password, or is the first of its name. */
  record Accepted() implements PasswordCheck {}

  /** It is not: 403. */
  record Rejected(String reason) implements PasswordCheck {}

  /** The store does not answer yet: 503, the node asks again. */
  record Undecided(String reason) implements PasswordCheck {}
}
