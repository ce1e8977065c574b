package org.k3sjvm.kube;

/** What a {@link Reflector} tells its listener. */
public sealed interface ReflectorEvent<T> {
  /** An object appeared. */
  record Added<T>(T object) implements ReflectorEvent<T> {}

  /** An object has a new version. */
  record Modified<T>(T object) implements ReflectorEvent<T> {}

  /**
   * An object is gone, also when only a later list showed it.
   *
   * @param uid of the object that is gone; another of the same name may follow
   */
  record Deleted<T>(ObjectName name, String uid) implements ReflectorEvent<T> {}

  /**
   * No server answers, and everything that is remembered of the last one has been told; once, and
   * only before {@link Synced}. What is not remembered may exist all the same.
   */
  record Recalled<T>() implements ReflectorEvent<T> {}

  /** Everything that existed has been told; once, after the first list. */
  record Synced<T>() implements ReflectorEvent<T> {}
}
