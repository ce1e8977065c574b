package org.k3sjvm.server.store;

import java.util.Optional;

/**
 * A change that is on disk.
 *
 * @param type what happened
 * @param object the object after the change; after a deletion its last state under the revision of
 *     the deletion
 * @param before the object's bytes before; empty for a creation, and where history no longer has
 *     them
 */
public record StoreEvent(Type type, StoredObject object, Optional<byte[]> before) {
  /** What happened to an object, and its number in the log. */
  public enum Type {
    CREATED(0),
    CHANGED(1),
    DELETED(2);

    private final int code;

    Type(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }

    static Type of(int code) {
      return switch (code) {
        case 0 -> CREATED;
        case 1 -> CHANGED;
        case 2 -> DELETED;
        default -> throw new IllegalStateException("not an event type: " + code);
      };
    }
  }
}
