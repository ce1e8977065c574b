package org.k3sjvm.server.api.access;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who asks.
 *
 * @param uid empty when unknown
 * @param extra what else the credential says, such as the pod that a token is bound to
 */
public record User(String name, String uid, List<String> groups, Map<String, List<String>> extra) {
  public static final String AUTHENTICATED = "system:authenticated";
  public static final String MASTERS = "system:masters";
  private static final String NODE_PREFIX = "system:node:";

  /** The control plane itself. */
  public static final User SELF =
      new User("system:apiserver", "", List.of(MASTERS, AUTHENTICATED), Map.of());

  public User {
    groups = List.copyOf(groups);
    extra = Map.copyOf(extra);
  }

  public static User of(String name, List<String> groups) {
    return new User(name, "", groups, Map.of());
  }

  public boolean in(String group) {
    return groups.contains(group);
  }

  /** The node that this user is, when it is a node's kubelet. */
  public Optional<String> node() {
    return in("system:nodes") && name.startsWith(NODE_PREFIX)
        ? Optional.of(name.substring(NODE_PREFIX.length()))
        : Optional.empty();
  }
}
