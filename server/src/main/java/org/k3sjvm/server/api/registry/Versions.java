package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** Revisions of the store as resource versions of objects. */
final class Versions {
  private Versions() {}

  /** Writes the revision into the object and prints it. */
  static byte[] stamp(ObjectNode object, long revision) {
    Meta.of(object).put("resourceVersion", Long.toString(revision));
    return Trees.bytes(object);
  }
}
