package org.k3sjvm.kubelet.server;

import java.util.List;
import java.util.Map;

/**
 * Who asks, once authenticated.
 *
 * @param uid may be empty
 * @param groups with {@code system:authenticated}
 * @param extra what a token's issuer says besides
 */
record User(String name, String uid, List<String> groups, Map<String, List<String>> extra) {
  static final String AUTHENTICATED = "system:authenticated";

  User {
    groups = List.copyOf(groups);
    extra = Map.copyOf(extra);
  }
}
