package org.k3sjvm.server.api.schema;

import java.util.List;
import java.util.Optional;

/** What a field may hold. */
public sealed interface Shape {
  /** A string. */
  record Text() implements Shape {}

  /** A whole number. */
  record Whole() implements Shape {}

  /** Any number. */
  record Decimal() implements Shape {}

  /** A boolean. */
  record Truth() implements Shape {}

  /** A whole number or a string. */
  record WholeOrText() implements Shape {}

  /** A resource quantity: a string, or a number that is taken as one. */
  record Amount() implements Shape {}

  /** Any JSON. */
  record Any() implements Shape {}

  /** An object of another type of the table. */
  record Ref(String type) implements Shape {}

  /**
   * A list.
   *
   * @param merge whether a strategic merge patch merges it rather than replaces it
   * @param mergeKey the field that tells elements apart in a strategic merge patch
   * @param mapKeys the fields that tell elements apart in server-side apply
   */
  record ListOf(Shape element, boolean merge, Optional<String> mergeKey, List<String> mapKeys)
      implements Shape {}

  /** A map from strings. */
  record MapOf(Shape value) implements Shape {}
}
