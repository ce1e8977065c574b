package org.k3sjvm.join;

import java.util.Optional;

/**
 * What the servers said when the node joined last, for a start while none answers. Keeping it does
 * not block; the text has secrets in it.
 */
public interface JoinMemory {
  /** Remembers nothing. */
  JoinMemory NONE =
      new JoinMemory() {
        @Override
        public void keep(String settings) {}

        @Override
        public Optional<String> recall() {
          return Optional.empty();
        }
      };

  /** The node has joined, under these settings. */
  void keep(String settings);

  /** The settings of the last join; empty when there was none, or too long ago. */
  Optional<String> recall();
}
