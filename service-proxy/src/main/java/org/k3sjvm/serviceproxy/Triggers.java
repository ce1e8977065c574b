package org.k3sjvm.serviceproxy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.k3sjvm.serviceproxy.model.Family;

/**
 * When pods changed whose endpoints are not in the kernel yet, as controllers wrote it on the
 * slices. Source: kube-proxy v1.36 pkg/proxy/endpointschangetracker.go.
 */
final class Triggers {
  private static final String ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time";
  private static final int MOST = 10_000; // beyond that the figures would tell nothing new

  private final Instant start;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<Family, List<Instant>> pending = new EnumMap<>(Family.class);

  /** Changes from before the start say nothing of us. */
  Triggers(Instant start) {
    this.start = start;
  }

  /** A slice came that is not as it was. */
  void changed(EndpointSlice slice, Family family) {
    Map<String, String> annotations = slice.getMetadata().getAnnotations();
    String text = annotations == null ? null : annotations.get(ANNOTATION);
    if (text == null) {
      return;
    }
    try {
      Instant at = Instant.parse(text);
      lock.lock();
      try {
        List<Instant> all = pending.computeIfAbsent(family, _ -> new ArrayList<>());
        if (at.isAfter(start) && all.size() < MOST) {
          all.add(at);
        }
      } finally {
        lock.unlock();
      }
    } catch (DateTimeException e) {
      return; // a figure less
    }
  }

  /** All since the last call. */
  Map<Family, List<Instant>> take() {
    lock.lock();
    try {
      Map<Family, List<Instant>> taken = new EnumMap<>(Family.class);
      pending.forEach((family, all) -> taken.put(family, List.copyOf(all)));
      pending.clear();
      return taken;
    } finally {
      lock.unlock();
    }
  }
}
