package org.k3sjvm.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kubelet.admission.Gatekeeper;
import org.k3sjvm.kubelet.admission.PodKind;
import org.k3sjvm.kubelet.admission.Sysctls;
import org.k3sjvm.kubelet.cgroup.PodCgroups;
import org.k3sjvm.kubelet.event.EventRecorder;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.PodWishes;
import org.k3sjvm.kubelet.pod.PodWorkers;
import org.k3sjvm.kubelet.resize.ResizeDesk;
import org.k3sjvm.kubelet.resources.AllocatedPods;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.source.PodListener;
import org.k3sjvm.kubelet.source.PodSource;
import org.k3sjvm.kubelet.source.fixed.FileSource;
import org.k3sjvm.kubelet.source.fixed.HttpSource;
import org.k3sjvm.kubelet.source.mirror.Mirrors;
import org.k3sjvm.kubelet.status.StatusWriter;
import org.k3sjvm.kubelet.trace.PodStarts;
import org.k3sjvm.kubelet.trace.StartStep;
import org.k3sjvm.kubelet.trace.Timed;
import org.k3sjvm.kubelet.volume.PodVolumes;

/**
 * The way of pods from their sources to their workers, and of reports back to where they came from:
 * the API server's pods, and static pods with their mirrors.
 */
final class Intake {
  private final PodWorkers workers;
  private final Told told;
  private final Kubelet.NodeObject node;
  private final AllocatedPods allocated;
  private final ResizeDesk resizes;
  private final Gatekeeper gatekeeper;
  private final Mirrors mirrors;
  private final PodSource api;
  private final List<Service> fixed = new ArrayList<>();

  /** Who is told of pods. */
  record Told(
      StatusWriter status,
      EventRecorder events,
      Consumer<PodUid> forget,
      PodStarts starts,
      PodVolumes volumes) {}

  /** What there is for pods to hold. */
  record Room(Supplier<Map<String, Quantity>> allocatable, PodCgroups cgroups) {}

  Intake(
      KubeletConfig config,
      KubeApi kube,
      PodWorkers workers,
      Told told,
      NodeFactsSource facts,
      Kubelet.NodeObject node,
      Room room,
      InstantSource clock) {
    this.workers = workers;
    this.told = told;
    this.node = node;
    allocated = AllocatedPods.open(config.directories().root());
    resizes =
        new ResizeDesk(
            new ResizeNode(room, workers, allocated, told.events(), this::toWorker), clock);
    KubeletSettings.StaticPods ownPods = config.settings().staticPods();
    int sources = 1 + (ownPods.path().isPresent() ? 1 : 0) + (ownPods.url().isPresent() ? 1 : 0);
    gatekeeper =
        new Gatekeeper(
            new ToWorkers(),
            new Out(),
            facts,
            Sysctls.allowing(config.settings().pods().allowedUnsafeSysctls()),
            allocated,
            clock,
            sources);
    PodListener admission = gatekeeper.listener();
    ownPods
        .path()
        .map(p -> new FileSource(p, config.nodeName(), ownPods.fileCheck(), admission, clock))
        .ifPresent(fixed::add);
    ownPods
        .url()
        .map(
            u ->
                new HttpSource(
                    u,
                    ownPods.urlHeaders(),
                    config.nodeName(),
                    ownPods.httpCheck(),
                    admission,
                    told.events()::record,
                    clock,
                    Sleeper.SYSTEM))
        .ifPresent(fixed::add);
    mirrors =
        new Mirrors(
            kube, node.latest(), told.status()::report, told.status()::forget, gatekeeper.ready());
    api = new PodSource(kube, config.nodeName(), new FromApi(admission));
  }

  /** Opens once every source has told its pods. */
  Gate<Boolean> ready() {
    return gatekeeper.ready();
  }

  void start(ServiceGroup group) {
    group.start("admission", gatekeeper);
    group.start("allocated", allocated);
    group.start("resizes", resizes);
    group.start("mirrors", mirrors);
    for (Service source : fixed) {
      group.start("static-pods", source);
    }
    group.start("source", api);
  }

  /** A worker reports. */
  void report(PodReport report) {
    gatekeeper.reported(report.desired().uid());
    if (PodKind.isStatic(report.desired().pod())) {
      mirrors.report(report);
    } else {
      told.status().report(report);
    }
  }

  /** Nothing of a pod is left. */
  void forget(DesiredPod pod) {
    told.status().forget(pod.uid());
    told.forget().accept(pod.uid());
    resizes.forget(pod.uid());
  }

  /** A pod has no worker any more. */
  void over(PodUid uid) {
    gatekeeper.gone(uid);
    resizes.forget(uid);
  }

  private void toWorker(DesiredPod pod) {
    workers.update(pod);
    told.volumes().changed(pod.pod());
  }

  private final class ToWorkers implements Gatekeeper.Workers {
    @Override
    public void update(DesiredPod pod) {
      toWorker(resizes.settle(pod));
    }

    @Override
    public void removed(PodUid uid) {
      workers.removed(uid);
    }

    @Override
    public void kill(PodUid uid, PodWishes.Kill kill) {
      workers.kill(uid, kill);
    }

    @Override
    public boolean knows(PodUid uid) {
      return workers.knows(uid);
    }

    @Override
    public boolean holds(PodUid uid) {
      return workers.holds(uid);
    }
  }

  private final class Out implements Gatekeeper.Output {
    @Override
    public void report(PodReport report) {
      Intake.this.report(report);
    }

    @Override
    public void event(DesiredPod pod, PodEvent event) {
      told.events().record(pod, event);
    }

    @Override
    public void forget(DesiredPod pod) {
      told.status().forget(pod.uid());
    }

    @Override
    public void began(DesiredPod pod) {
      mirrors.began(pod);
    }

    @Override
    public void ended(DesiredPod pod) {
      mirrors.ended(pod);
    }
  }

  /** The API server's pods: mirrors go their own way, the others wait until the node is known. */
  private final class FromApi implements PodListener {
    private final PodListener admission;

    FromApi(PodListener admission) {
      this.admission = admission;
    }

    @Override
    public void update(DesiredPod pod) throws InterruptedException {
      if (PodKind.isMirror(pod.pod())) {
        mirrors.update(pod);
        return;
      }
      told.starts().seen(pod);
      awaitNode();
      admission.update(pod);
    }

    @Override
    public void seen(Pod pod) throws InterruptedException {
      if (Timed.isReady(pod.getStatus())) {
        told.starts().reached(new PodUid(pod.getMetadata().getUid()), StartStep.CONFIRMED);
      }
      if (told.status().seen(pod) && !PodKind.isMirror(pod)) {
        admission.update(DesiredPod.of(pod));
      }
    }

    @Override
    public void removed(PodUid uid) throws InterruptedException {
      if (!mirrors.removed(uid)) {
        admission.removed(uid);
      }
    }

    @Override
    public void synced() throws InterruptedException {
      awaitNode();
      admission.synced();
    }

    private void awaitNode() throws InterruptedException {
      if (node.known().isPresent()) {
        node.known().get().await();
      }
    }
  }
}
