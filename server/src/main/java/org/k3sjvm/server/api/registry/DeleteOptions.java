package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.OptionalLong;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.tree.Trees;

/**
 * How to delete.
 *
 * @param graceSeconds empty for the object's own
 * @param uid refuse when the object has another
 * @param resourceVersion refuse when the object is at another
 */
public record DeleteOptions(
    OptionalLong graceSeconds,
    Optional<String> uid,
    Optional<String> resourceVersion,
    Propagation propagation) {
  public static final DeleteOptions DEFAULT =
      new DeleteOptions(
          OptionalLong.empty(), Optional.empty(), Optional.empty(), Propagation.BACKGROUND);

  /** What happens to the objects that an object owns. */
  public enum Propagation {
    BACKGROUND,
    FOREGROUND,
    ORPHAN
  }

  /** At once, and only this very object. */
  public static DeleteOptions now(String uid) {
    return new DeleteOptions(
        OptionalLong.of(0), Optional.of(uid), Optional.empty(), Propagation.BACKGROUND);
  }

  /** Gracefully, and only this very object. */
  public static DeleteOptions of(String uid) {
    return new DeleteOptions(
        OptionalLong.empty(), Optional.of(uid), Optional.empty(), Propagation.BACKGROUND);
  }

  /** Reads {@code meta/v1 DeleteOptions}. */
  public static DeleteOptions read(JsonNode body) {
    JsonNode grace = Trees.at(body, "gracePeriodSeconds");
    boolean orphan = body.path("orphanDependents").asBoolean(false);
    return new DeleteOptions(
        grace.isMissingNode() ? OptionalLong.empty() : OptionalLong.of(grace.asLong()),
        Optional.of(Trees.text(body, "preconditions", "uid")).filter(t -> !t.isEmpty()),
        Optional.of(Trees.text(body, "preconditions", "resourceVersion")).filter(t -> !t.isEmpty()),
        orphan ? Propagation.ORPHAN : propagation(Trees.text(body, "propagationPolicy")));
  }

  public static Propagation propagation(String text) {
    return switch (text) {
      case "", "Background" -> Propagation.BACKGROUND;
      case "Foreground" -> Propagation.FOREGROUND;
      case "Orphan" -> Propagation.ORPHAN;
      default -> throw ApiException.badRequest("unknown propagation policy: " + text);
    };
  }
}
