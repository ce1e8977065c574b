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
        public void refused() {}

        @Override
        public Optional<String> recall() {
          return Optional.empty();
        }

        @Override
        public void forget() {}
      };

  /** The node has joined, under these settings. */
  void keep(String settings);

  /** A server does not want this node: what is remembered must not serve before it joins again. */
  void refused();

  /** The settings of the last join; empty when there was none, too long ago, or a refusal since. */
  Optional<String> recall();

  /** The node goes over to another cluster: nothing of the former one holds any more. */
  void forget();
}
