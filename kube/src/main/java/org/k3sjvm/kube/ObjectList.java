package org.k3sjvm.kube;

import java.util.List;

/**
 * What a list returned.
 *
 * @param items in the server's order
 * @param resourceVersion of the collection: watch from here
 * @param continueToken empty on the last page
 */
public record ObjectList<T>(List<T> items, String resourceVersion, String continueToken) {
  public ObjectList {
    items = List.copyOf(items);
  }
}
