package org.k3sjvm.server.api.access;

import java.util.List;
import java.util.Optional;
import org.k3sjvm.http.Request;

/** Finds out who sends a request. */
@FunctionalInterface
public interface Authenticator {
  /** The user, when this way of proving oneself was used and holds. */
  Optional<User> authenticate(Request request);

  /** The first of several that knows the user. */
  static Authenticator anyOf(List<Authenticator> all) {
    return request -> {
      for (Authenticator one : all) {
        Optional<User> user = one.authenticate(request);
        if (user.isPresent()) {
          return user;
        }
      }
      return Optional.empty();
    };
  }

  /** The token of {@code Authorization: Bearer …}. */
  static Optional<String> bearer(Request request) {
    return request
        .headers()
        .first("Authorization")
        .filter(value -> value.regionMatches(true, 0, "Bearer ", 0, 7))
        .map(value -> value.substring(7).strip());
  }
}
