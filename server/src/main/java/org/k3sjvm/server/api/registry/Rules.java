package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What is special about a kind. All methods may change the first object. */
interface Rules {
  Rules NONE = new Rules() {};

  /** Fills what the client left out; runs on each write. */
  default void defaults(ObjectNode object) {}

  /** Runs before a creation is validated, after defaults. */
  default void beforeCreate(ObjectNode object) {}

  default void validate(ObjectNode object, Problems problems) {}

  default void validateUpdate(ObjectNode object, ObjectNode before, Problems problems) {}

  /** Whether a client's status is kept at creation. */
  default boolean keepsStatusAtCreation() {
    return false;
  }
}
