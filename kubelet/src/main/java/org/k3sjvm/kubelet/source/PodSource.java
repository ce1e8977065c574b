package org.k3sjvm.kubelet.source;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodConditions;
import org.k3sjvm.kubelet.pod.PodUid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the pods that the API server has bound to this node. A change that only the kubelet
 * itself made, to the status, is not passed on.
 */
public final class PodSource implements Service {
  private static final Logger log = LoggerFactory.getLogger(PodSource.class);

  private final Reflector<Pod> reflector;
  private final PodListener listener;
  private final Map<PodUid, DesiredPod> known = new HashMap<>();
  private final List<DesiredPod> first = new ArrayList<>();
  private boolean listed;

  public PodSource(KubeApi api, String node, PodListener listener) {
    this.listener = listener;
    reflector =
        new Reflector<>(api, Resources.PODS, Selection.byField("spec.nodeName=" + node), this::on);
  }

  @Override
  public void run() throws InterruptedException {
    reflector.run();
  }

  private void on(ReflectorEvent<Pod> event) throws InterruptedException {
    switch (event) {
      case ReflectorEvent.Added<Pod>(Pod pod) -> update(pod);
      case ReflectorEvent.Modified<Pod>(Pod pod) -> update(pod);
      case ReflectorEvent.Deleted<Pod>(var name, String uid) -> {
        if (uid == null || uid.isEmpty()) {
          log.atWarn().addKeyValue("pod", name).log("a pod without a uid is gone");
        } else if (known.remove(new PodUid(uid)) != null
            && !first.removeIf(p -> p.uid().value().equals(uid))) {
          listener.removed(new PodUid(uid));
        }
      }
      case ReflectorEvent.Recalled<Pod> _ -> {
        log.atInfo().addKeyValue("pods", known.size()).log("pods remembered, no server answers");
        tellFirst();
      }
      case ReflectorEvent.Synced<Pod> _ -> {
        log.atInfo().addKeyValue("pods", known.size()).log("pods listed");
        tellFirst();
        listener.synced();
      }
    }
  }

  /** Of the pods that were there before, the older ones come first: so they were taken once. */
  private void tellFirst() throws InterruptedException {
    listed = true;
    first.sort(
        Comparator.comparing(p -> String.valueOf(p.pod().getMetadata().getCreationTimestamp())));
    for (DesiredPod pod : first) {
      listener.update(pod);
    }
    first.clear();
  }

  private void update(Pod pod) throws InterruptedException {
    Optional<String> fault = PodSanity.fault(pod);
    if (fault.isPresent()) {
      log.atError()
          .addKeyValue("pod", pod.getMetadata() == null ? "" : ObjectName.of(pod))
          .addKeyValue("reason", fault.get())
          .log("the API server sent a pod that cannot be one, it is left alone");
      return;
    }
    listener.seen(pod);
    DesiredPod now = DesiredPod.of(pod);
    DesiredPod before = known.get(now.uid());
    if (before != null && !differs(before.pod(), pod)) {
      return;
    }
    known.put(now.uid(), now);
    if (listed) {
      listener.update(now);
    } else {
      first.removeIf(p -> p.uid().equals(now.uid()));
      first.add(now);
    }
  }

  /** Whether a worker must know. Source: kubelet v1.36 pkg/kubelet/config/config.go. */
  static boolean differs(Pod before, Pod now) {
    ObjectMeta a = before.getMetadata();
    ObjectMeta b = now.getMetadata();
    return !Objects.equals(before.getSpec(), now.getSpec())
        || !Objects.equals(a.getLabels(), b.getLabels())
        || !Objects.equals(a.getAnnotations(), b.getAnnotations())
        || !Objects.equals(a.getDeletionTimestamp(), b.getDeletionTimestamp())
        || !Objects.equals(a.getDeletionGracePeriodSeconds(), b.getDeletionGracePeriodSeconds())
        || !foreign(before.getStatus()).equals(foreign(now.getStatus()));
  }

  /** Conditions that others set; readiness gates are among them. */
  private static List<String> foreign(PodStatus status) {
    return status == null
        ? List.of()
        : status.getConditions().stream()
            .filter(c -> !PodConditions.OWNED.contains(c.getType()))
            .map(PodSource::text)
            .sorted()
            .toList();
  }

  private static String text(PodCondition c) {
    return c.getType() + "=" + c.getStatus();
  }
}
