package org.k3sjvm.kubelet.event;

import java.util.LinkedHashMap;
import java.util.Map;

/** Remembers the last used, so many of them. One thread. */
final class Lru<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;

  /** Source: client-go v0.36 tools/record/events_cache.go, maxLruCacheEntries. */
  private static final int ENTRIES = 4096;

  Lru() {
    super(16, 0.75f, true);
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > ENTRIES;
  }
}
