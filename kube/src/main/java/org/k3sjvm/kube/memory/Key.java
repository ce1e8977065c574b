package org.k3sjvm.kube.memory;

import java.util.Optional;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;

/**
 * What one thing that is kept is called.
 *
 * @param kind the plural of a resource, or {@link #TOKENS}
 * @param name of the object; of a token, its service account
 * @param more tells tokens of one account apart; otherwise empty
 */
public record Key(String kind, ObjectName name, String more) {
  /** Answers to {@code serviceaccounts/token}; {@code more} begins with the pod's uid. */
  public static final String TOKENS = "tokens";

  public static Key of(Resource<?> resource, ObjectName name) {
    return new Key(resource.plural(), name, "");
  }

  /** One line, no two keys the same. */
  String line() {
    return String.join("\t", kind, name.namespace(), name.name(), more);
  }

  /** Empty when it is no {@link #line}. */
  static Optional<Key> parse(String line) {
    String[] parts = line.split("\t", -1);
    return parts.length == 4 && !parts[0].isEmpty() && !parts[2].isEmpty()
        ? Optional.of(new Key(parts[0], new ObjectName(parts[1], parts[2]), parts[3]))
        : Optional.empty();
  }
}
