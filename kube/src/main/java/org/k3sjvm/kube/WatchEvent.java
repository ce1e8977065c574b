package org.k3sjvm.kube;

/** One event of a watch; an error ends the watch as a {@link KubeException} instead. */
public sealed interface WatchEvent<T> {
  record Added<T>(T object) implements WatchEvent<T> {}

  record Modified<T>(T object) implements WatchEvent<T> {}

  /** The object in its last state. */
  record Deleted<T>(T object) implements WatchEvent<T> {}

  /** No change up to this version. */
  record Bookmark<T>(String resourceVersion) implements WatchEvent<T> {}
}
