package org.k3sjvm.kube;

/**
 * One page of a list.
 *
 * @param selection which objects
 * @param resourceVersion {@code 0}: any state, from the server's cache; a version: not older than
 *     it; empty: the newest
 * @param limit most items per page; 0 for all at once
 * @param continueToken of the page before; empty for the first
 * @param orRemembered whether what a server said before will do while none answers
 */
public record ListRequest(
    Selection selection,
    String resourceVersion,
    int limit,
    String continueToken,
    boolean orRemembered) {

  /** For which what is remembered will do. */
  public ListRequest(Selection selection, String resourceVersion, int limit, String continueToken) {
    this(selection, resourceVersion, limit, continueToken, true);
  }

  /** Everything at once, in its newest state. */
  public static ListRequest newest(Selection selection) {
    return new ListRequest(selection, "", 0, "");
  }
}
