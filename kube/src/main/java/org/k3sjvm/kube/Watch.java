package org.k3sjvm.kube;

import java.util.Optional;

/** An open watch. One thread reads; any thread may close. */
public interface Watch<T> extends AutoCloseable {
  /**
   * Blocks for the next event.
   *
   * @return empty when the server ended the watch in the regular way; ask again from the last
   *     version
   * @throws KubeException.Gone when the version is too old; list again
   * @throws KubeException.Unavailable when the connection broke, was replaced, or was silent too
   *     long
   */
  Optional<WatchEvent<T>> next() throws InterruptedException;

  /** Ends the watch; a reader blocked in {@link #next} returns with an error. Idempotent. */
  @Override
  void close();
}
