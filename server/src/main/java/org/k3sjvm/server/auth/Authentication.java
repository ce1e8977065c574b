package org.k3sjvm.server.auth;

import org.k3sjvm.server.api.access.User;

/** Who sent a request. */
public sealed interface Authentication {
  /** A user who proved it. */
  record Known(User user) implements Authentication {}

  /** Nobody tried to prove anything. */
  record Anonymous() implements Authentication {}

  /** A credential was given, and none was right: 401. */
  record Rejected() implements Authentication {}
}
