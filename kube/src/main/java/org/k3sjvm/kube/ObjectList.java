package org.k3sjvm.kube;

import java.util.List;

/**
 * What a list returned.
 *
 * @param items in the server's order
 * @param resourceVersion of the collection: watch from here
 * @param continueToken empty on the last page
 * @param remembered whether no server answered, and this is what one said before
 */
public record ObjectList<T>(
    List<T> items, String resourceVersion, String continueToken, boolean remembered) {
  public ObjectList {
    items = List.copyOf(items);
  }

  /** What a server returned now. */
  public ObjectList(List<T> items, String resourceVersion, String continueToken) {
    this(items, resourceVersion, continueToken, false);
  }
}
