package org.k3sjvm.server.api.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.k3sjvm.server.api.schema.Schema;

/** A patch that was read, to be applied to any state of an object. */
public sealed interface Patch {
  /**
   * The patched object; the given one is not changed.
   *
   * @throws PatchException when the patch does not fit
   */
  ObjectNode apply(ObjectNode object);

  /** RFC 7386. */
  record Merge(ObjectNode patch) implements Patch {
    @Override
    public ObjectNode apply(ObjectNode object) {
      return MergePatch.apply(object, patch);
    }
  }

  /** RFC 6902. */
  record Json(ArrayNode operations) implements Patch {
    @Override
    public ObjectNode apply(ObjectNode object) {
      JsonNode result = JsonPatch.apply(object, operations);
      if (result instanceof ObjectNode patched) {
        return patched;
      }
      throw new PatchException("the patched document is no object");
    }
  }

  /** Kubernetes' strategic merge patch for a type of the schema. */
  record Strategic(Schema schema, String type, ObjectNode patch) implements Patch {
    @Override
    public ObjectNode apply(ObjectNode object) {
      return new StrategicMergePatch(schema).apply(object, patch, type);
    }
  }
}
