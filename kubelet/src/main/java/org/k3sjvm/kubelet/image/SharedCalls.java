package org.k3sjvm.kubelet.image;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;

/**
 * Those who ask the same at the same time share one answer. The first asks; the others wait, and
 * one of them asks anew when the first is interrupted. Any thread.
 */
final class SharedCalls<K, V> {
  private final ConcurrentMap<K, CompletableFuture<V>> running = new ConcurrentHashMap<>();

  /** What is shared. */
  @FunctionalInterface
  interface Call<V> {
    V run() throws InterruptedException;
  }

  /** The answer; a fault reaches everybody who waits for it. */
  V get(K key, Call<V> call) throws InterruptedException {
    while (true) {
      CompletableFuture<V> mine = new CompletableFuture<>();
      CompletableFuture<V> theirs = running.putIfAbsent(key, mine);
      if (theirs == null) {
        return ask(key, mine, call);
      }
      try {
        return theirs.get();
      } catch (CancellationException _) { // the one who asked was interrupted: once more
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException fault) {
          throw fault;
        }
        throw new IllegalStateException(e.getCause());
      }
    }
  }

  private V ask(K key, CompletableFuture<V> answer, Call<V> call) throws InterruptedException {
    try {
      V value = call.run();
      answer.complete(value);
      return value;
    } catch (RuntimeException e) {
      answer.completeExceptionally(e);
      throw e;
    } finally {
      running.remove(key, answer);
      answer.cancel(false); // wakes the others when it has no answer
    }
  }
}
