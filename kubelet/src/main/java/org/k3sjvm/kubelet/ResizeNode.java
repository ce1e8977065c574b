package org.k3sjvm.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.k3sjvm.kubelet.event.EventRecorder;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.PodWorkers;
import org.k3sjvm.kubelet.resize.ResizeDesk;
import org.k3sjvm.kubelet.resources.AllocatedPods;

/** What the desk for changed resources sees of this node and tells it. */
final class ResizeNode implements ResizeDesk.Node {
  private final Intake.Room room;
  private final PodWorkers workers;
  private final AllocatedPods allocated;
  private final EventRecorder events;
  private final Consumer<DesiredPod> update;

  ResizeNode(
      Intake.Room room,
      PodWorkers workers,
      AllocatedPods allocated,
      EventRecorder events,
      Consumer<DesiredPod> update) {
    this.room = room;
    this.workers = workers;
    this.allocated = allocated;
    this.events = events;
    this.update = update;
  }

  @Override
  public Map<String, Quantity> allocatable() {
    return room.allocatable().get();
  }

  @Override
  public List<Pod> holding() {
    return workers.pods().stream()
        .filter(p -> workers.holds(new PodUid(p.getMetadata().getUid())))
        .toList();
  }

  @Override
  public Pod restored(Pod pod) {
    return allocated.applied(pod);
  }

  @Override
  public void agreed(PodUid uid, PodSpec spec) {
    allocated.set(uid, AllocatedPods.Allocation.of(spec));
  }

  @Override
  public boolean swaps(DesiredPod pod) {
    return room.cgroups().swaps(pod);
  }

  @Override
  public void event(DesiredPod pod, PodEvent event) {
    events.record(pod, event);
  }

  @Override
  public void update(DesiredPod pod) {
    update.accept(pod);
  }
}
