package org.k3sjvm.server.store;

import java.util.List;

/**
 * Objects as they all were at one revision.
 *
 * @param revision the newest revision of the whole store at that moment
 * @param objects ordered by key
 * @param more whether the limit cut the list off; the next page starts after the last key
 */
public record Snapshot(long revision, List<StoredObject> objects, boolean more) {
  public Snapshot {
    objects = List.copyOf(objects);
  }
}
