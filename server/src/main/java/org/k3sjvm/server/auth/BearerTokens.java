package org.k3sjvm.server.auth;

import java.util.Optional;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.server.api.access.User;

/** Knows the holders of bearer tokens: service accounts, bootstrap tokens. Any thread may ask. */
@FunctionalInterface
public interface BearerTokens {
  /** No token is known. */
  BearerTokens NONE = token -> Optional.empty();

  /** The holder; empty when the token is not ours, expired or revoked. */
  Optional<User> authenticate(Secret token);

  /** Asks this one first, then another. */
  default BearerTokens or(BearerTokens next) {
    return token -> authenticate(token).or(() -> next.authenticate(token));
  }
}
