package org.k3sjvm.server.auth;

import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.nodepassword.PasswordHash;

/**
 * Holds a node's name for whoever came first with it. A hash takes 32 MiB while it is computed, so
 * there is one at a time. Source: k3s v1.36.3 pkg/nodepassword, ensure.
 */
public final class NodePasswords {
  private final NodePasswordStore store;
  private final RandomGenerator random;
  private final Semaphore one = new Semaphore(1);

  /**
   * A check over a store.
   *
   * @param random a cryptographically strong source
   */
  public NodePasswords(NodePasswordStore store, RandomGenerator random) {
    this.store = store;
    this.random = random;
  }

  /** Compares with the hash that is kept, or keeps this one's when there is none. */
  public PasswordCheck check(String node, Secret password) throws InterruptedException {
    one.acquire();
    try {
      Optional<String> kept = store.find(node);
      if (kept.isEmpty() && store.create(node, PasswordHash.of(password, random).text())) {
        return new PasswordCheck.Accepted();
      }
      String hash = kept.or(() -> store.find(node)).orElse("");
      return PasswordHash.parse(hash)
          .<PasswordCheck>map(
              parsed ->
                  parsed.matches(password)
                      ? new PasswordCheck.Accepted()
                      : new PasswordCheck.Rejected("hash does not match"))
          .orElseGet(() -> new PasswordCheck.Rejected("password hash not found in node secret"));
    } catch (RuntimeException e) {
      return new PasswordCheck.Undecided(String.valueOf(e.getMessage()));
    } finally {
      one.release();
    }
  }

  boolean nodeExists(String node) {
    return store.nodeExists(node);
  }
}
