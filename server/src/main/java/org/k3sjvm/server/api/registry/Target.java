package org.k3sjvm.server.api.registry;

import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.kind.Kind;

/**
 * What a change is about.
 *
 * @param namespace empty for kinds without
 * @param subresource empty for the object itself
 * @param validation what to do about unknown fields
 * @param dryRun whether to go through everything but keep nothing
 */
public record Target(
    User user,
    Kind kind,
    String namespace,
    String subresource,
    FieldValidation validation,
    boolean dryRun) {
  /** What to do about unknown fields. */
  public enum FieldValidation {
    IGNORE,
    STRICT
  }

  /** A change that the control plane makes itself. */
  public static Target self(Kind kind, String namespace) {
    return new Target(User.SELF, kind, namespace, "", FieldValidation.IGNORE, false);
  }

  public Target sub(String name) {
    return new Target(user, kind, namespace, name, validation, dryRun);
  }
}
