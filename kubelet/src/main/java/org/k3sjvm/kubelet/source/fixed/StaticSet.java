package org.k3sjvm.kubelet.source.fixed;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.k3sjvm.kubelet.admission.PodKind;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.source.PodListener;

/**
 * What one source of static pods wants now. Told whole, it tells the listener the differences: what
 * is gone first, then what is new. Used by one thread.
 */
final class StaticSet {
  private final PodListener listener;
  private final InstantSource clock;
  private Map<PodUid, Held> pods = new LinkedHashMap<>();
  private boolean told;

  /** A pod as its manifest has it, and as others are told. */
  private record Held(Pod manifest, DesiredPod desired) {}

  StaticSet(PodListener listener, InstantSource clock) {
    this.listener = listener;
    this.clock = clock;
  }

  /** Takes the place of all that was told before. */
  void set(List<Pod> now) throws InterruptedException {
    Map<PodUid, Held> old = pods;
    Map<PodUid, Held> next = new LinkedHashMap<>();
    for (Pod pod : now) {
      PodUid uid = new PodUid(pod.getMetadata().getUid());
      Held before = old.get(uid);
      next.put(
          uid,
          before != null && before.manifest().equals(pod)
              ? before
              : new Held(pod, DesiredPod.of(seen(pod))));
    }
    pods = next;
    for (PodUid uid : old.keySet()) {
      if (!next.containsKey(uid)) {
        listener.removed(uid);
      }
    }
    for (Map.Entry<PodUid, Held> pod : next.entrySet()) {
      if (!pod.getValue().equals(old.get(pod.getKey()))) {
        listener.update(pod.getValue().desired());
      }
    }
    if (!told) {
      told = true;
      listener.synced();
    }
  }

  private Pod seen(Pod pod) {
    Map<String, String> annotations = new HashMap<>(pod.getMetadata().getAnnotations());
    annotations.put(PodKind.SEEN, clock.instant().toString());
    Pod seen = new PodBuilder(pod).build();
    seen.getMetadata().setAnnotations(annotations);
    return seen;
  }
}
