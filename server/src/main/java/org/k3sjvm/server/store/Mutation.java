package org.k3sjvm.server.store;

import java.util.function.LongFunction;

/** One write. Its bytes are made when its revision is known, because objects carry it. */
public sealed interface Mutation {
  String key();

  /** Makes the bytes for a revision; quick and without I/O, as all writers wait for it. */
  LongFunction<byte[]> value();

  /** Writes an object that must not exist yet. */
  record Create(String key, LongFunction<byte[]> value) implements Mutation {}

  /** Replaces an object that must still be at a revision. */
  record Update(String key, long expected, LongFunction<byte[]> value) implements Mutation {}

  /** Removes an object that must still be at a revision; the bytes are its last state. */
  record Delete(String key, long expected, LongFunction<byte[]> value) implements Mutation {}
}
