package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.k3sjvm.server.api.ApiException;

/** The last word on a change, after defaults and before it is written. */
@FunctionalInterface
public interface Admission {
  /** What is asked. */
  enum Operation {
    CREATE,
    UPDATE,
    DELETE
  }

  /**
   * Passes, or throws.
   *
   * @param now the object as it would be; for a deletion as it is
   * @param before as it is; empty for a creation
   * @throws ApiException to refuse
   */
  void admit(Operation operation, Target target, ObjectNode now, Optional<ObjectNode> before);
}
