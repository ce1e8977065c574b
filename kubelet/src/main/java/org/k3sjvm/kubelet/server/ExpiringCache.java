package org.k3sjvm.kubelet.server;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Answers that stay true for a while; the oldest goes when there are too many. Thread-safe. */
final class ExpiringCache<K, V> {
  private final int maxEntries;
  private final LongSupplier nanos;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<K, Entry<V>> entries = new LinkedHashMap<>();

  private record Entry<V>(V value, long untilNanos) {}

  /**
   * An empty cache.
   *
   * @param nanos a clock that never jumps, such as {@link System#nanoTime}
   */
  ExpiringCache(int maxEntries, LongSupplier nanos) {
    this.maxEntries = maxEntries;
    this.nanos = nanos;
  }

  Optional<V> get(K key) {
    synchronized (lock) {
      Entry<V> entry = entries.get(key);
      if (entry == null) {
        return Optional.empty();
      }
      if (nanos.getAsLong() - entry.untilNanos() >= 0) {
        entries.remove(key);
        return Optional.empty();
      }
      return Optional.of(entry.value());
    }
  }

  void put(K key, V value, Duration time) {
    synchronized (lock) {
      entries.remove(key);
      if (entries.size() >= maxEntries) {
        entries.remove(entries.keySet().iterator().next());
      }
      entries.put(key, new Entry<>(value, nanos.getAsLong() + time.toNanos()));
    }
  }
}
