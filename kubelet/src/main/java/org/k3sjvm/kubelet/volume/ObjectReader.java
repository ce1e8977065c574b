package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;

/**
 * Reads single objects, as the node authorizer wants it, and lets pods share an answer.
 *
 * <p>Fifty pods that start at once and ask for the same object cost two requests: the first, and
 * one that begins after all have asked. A pod that starts never sees an answer older than its
 * question.
 */
final class ObjectReader<T extends HasMetadata> {
  /** How old an answer may be for a pod that runs. Source: kubelet v1.36, default TTL of 1 min. */
  static final Duration OLD = Duration.ofSeconds(45);

  private static final class Entry<T> {
    final ReentrantLock reading = new ReentrantLock();
    volatile long askedNanos;
    @Nullable T answer;
  }

  private final KubeApi api;
  private final Resource<T> resource;
  private final Map<ObjectName, Entry<T>> entries = new ConcurrentHashMap<>();

  ObjectReader(KubeApi api, Resource<T> resource) {
    this.api = api;
    this.resource = resource;
  }

  /**
   * The object.
   *
   * @param atMostOld zero for an answer that is newer than this call
   */
  T read(ObjectName name, Duration atMostOld) throws InterruptedException {
    long oldest = System.nanoTime() - atMostOld.toNanos();
    forgetOld();
    Entry<T> entry = entries.computeIfAbsent(name, _ -> new Entry<>());
    entry.reading.lockInterruptibly();
    try {
      T known = entry.answer;
      if (known != null && entry.askedNanos - oldest >= 0) {
        return known;
      }
      entry.askedNanos = System.nanoTime();
      entry.answer = null;
      T answer = api.get(resource, name);
      entry.answer = answer;
      return answer;
    } finally {
      entry.reading.unlock();
    }
  }

  private void forgetOld() {
    long oldest = System.nanoTime() - OLD.toNanos();
    entries.values().removeIf(entry -> entry.askedNanos - oldest < 0 && !entry.reading.isLocked());
  }
}
