package org.k3sjvm.kubelet;

import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kubelet.cgroup.NodeCgroups;
import org.k3sjvm.kubelet.cgroup.PodCgroups;
import org.k3sjvm.kubelet.event.EventRecorder;
import org.k3sjvm.kubelet.image.Images;
import org.k3sjvm.kubelet.image.PullCredentials;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEffects;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodLookup;
import org.k3sjvm.kubelet.pod.PodNetworkGate;
import org.k3sjvm.kubelet.pod.PodOutput;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.PodWorkers;
import org.k3sjvm.kubelet.pod.effect.Effects;
import org.k3sjvm.kubelet.pod.effect.Isolation;
import org.k3sjvm.kubelet.pod.effect.Places;
import org.k3sjvm.kubelet.pod.effect.Toolbox;
import org.k3sjvm.kubelet.probe.Checks;
import org.k3sjvm.kubelet.probe.Prober;
import org.k3sjvm.kubelet.runtime.OrphanSweeper;
import org.k3sjvm.kubelet.runtime.RuntimeObserver;
import org.k3sjvm.kubelet.runtime.RuntimeWatch;
import org.k3sjvm.kubelet.source.KubeAccounts;
import org.k3sjvm.kubelet.source.KubeObjects;
import org.k3sjvm.kubelet.source.ServiceIndex;
import org.k3sjvm.kubelet.status.StatusWriter;
import org.k3sjvm.kubelet.trace.PodStarts;
import org.k3sjvm.kubelet.trace.Timed;
import org.k3sjvm.kubelet.translate.HostMemory;
import org.k3sjvm.kubelet.userns.UserNamespaces;
import org.k3sjvm.kubelet.volume.PodVolumes;
import org.k3sjvm.linux.cgroup.Cgroups;

/** Everything that makes pods run, introduced to each other. Ending it leaves the pods running. */
final class Pods implements Service, PodOutput {
  /** Source: kubelet v1.36 housekeepingPeriod is 2 s; directories change rarely. */
  private static final Duration SWEEP_DISK = Duration.ofSeconds(60);

  private final PodWorkers workers;
  private final Intake intake;
  private final ServiceIndex services;
  private final RuntimeObserver observer;
  private final RuntimeWatch watch;
  private final StatusWriter status;
  private final EventRecorder events;
  private final Prober probes;
  private final OrphanSweeper sweeper;
  private final PodStarts starts;
  private final PodVolumes volumes;
  private final NodeCgroups nodeCgroups;
  private final ServiceGroup group = ServiceGroup.open("kubelet-pods");
  private final Set<PodUid> sweeping = ConcurrentHashMap.newKeySet();
  private final Semaphore sweeps = new Semaphore(2);

  Pods(
      KubeletConfig config,
      ContainerRuntime runtime,
      ImageService images,
      KubeApi api,
      PodVolumes volumes,
      Cgroups kernelCgroups,
      Supplier<Map<String, Quantity>> allocatable,
      Kubelet.NodeObject node,
      PodNetworkGate network) {
    this.volumes = volumes;
    InstantSource clock = InstantSource.system();
    starts = new PodStarts(clock, System::nanoTime);
    PodOutput output = Timed.output(this, starts);
    List<String> hostIps = config.nodeIps().stream().map(IpAddresses::text).toList();
    PodCgroups cgroups = new PodCgroups(kernelCgroups, config.cgroups(), hostMemory(kernelCgroups));
    KubeObjects objects = new KubeObjects(api);
    status = new StatusWriter(api, clock);
    events = new EventRecorder(api, config.nodeName(), clock, Sleeper.SYSTEM);
    nodeCgroups = nodeCgroups(config, cgroups);
    services = new ServiceIndex(api);
    observer = new RuntimeObserver(runtime);
    Places places =
        new Places(
            config.directories().root(),
            config.directories().podLogs(),
            config.directories().containerLogs());
    Toolbox tools =
        Toolbox.of(
            runtime,
            new Images(images, config.images(), clock, Sleeper.SYSTEM),
            volumes,
            cgroups,
            places,
            new Toolbox.Naming(
                config.dns().servers(), config.dns().domain(), config.dns().resolvConf()),
            new Toolbox.Cluster(
                hostIps,
                allocatable,
                services::services,
                objects,
                PullCredentials.of(
                    config.images(),
                    config.directories().root(),
                    objects::pullSecrets,
                    new KubeAccounts(api),
                    clock),
                objects::runtimeHandler),
            new Isolation(
                config.directories().root().resolve("seccomp"),
                config.settings().pods().seccompDefault(),
                new UserNamespaces(places.pods(), config.userIds()),
                network),
            output,
            clock,
            config.limits().parallelStarts());
    Effects effects = new Effects(tools);
    PodEffects timed = Timed.effects(effects, starts);
    probes = new Prober(new Checks(runtime), new Probed(), hostIps, clock);
    workers = new PodWorkers(observer, timed, output, probes, hostIps, clock);
    intake =
        new Intake(
            config,
            api,
            workers,
            new Intake.Told(status, events, observer::forget, starts, volumes),
            new NodeFactsSource(config.nodeName(), node.latest(), allocatable, api),
            node,
            new Intake.Room(allocatable, cgroups),
            clock);
    sweeper = new OrphanSweeper(runtime, volumes, cgroups, effects::removeDirectory);
    watch = new RuntimeWatch(runtime, observer, new Watcher(), clock, Sleeper.SYSTEM);
  }

  private static HostMemory hostMemory(Cgroups kernelCgroups) {
    try {
      return HostMemory.read(Path.of("/"), kernelCgroups.layout());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private NodeCgroups nodeCgroups(KubeletConfig config, PodCgroups cgroups) {
    try {
      return new NodeCgroups(
          cgroups,
          config.settings().reservations(),
          NodeCgroups.Host.read(cgroups.memory()),
          events::recordOfNode,
          Sleeper.SYSTEM);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  PodLookup lookup() {
    return workers;
  }

  EventRecorder events() {
    return events;
  }

  PodStarts starts() {
    return starts;
  }

  RuntimeWatch watch() {
    return watch;
  }

  /** Opens once every source has told its pods. */
  Gate<Boolean> synced() {
    return intake.ready();
  }

  @Override
  public void run() throws InterruptedException {
    try (group;
        probes) {
      group.start("cgroups", nodeCgroups);
      group.start("workers", workers);
      group.start("status", status);
      group.start("events", events);
      group.start("services", services);
      intake.start(group);
      group.start("runtime", watch);
      group.start("sweep", this::sweepDisk);
      group.start("volumes", volumes::keepFresh);
      group.await();
    }
  }

  @Override
  public void report(PodReport report) {
    intake.report(report);
  }

  @Override
  public void event(DesiredPod pod, PodEvent event) {
    events.record(pod, event);
  }

  @Override
  public void resized(DesiredPod pod) {
    observer.refresh(pod.uid());
  }

  @Override
  public void forget(DesiredPod pod) {
    intake.forget(pod);
  }

  @Override
  public void over(PodUid uid) {
    intake.over(uid);
  }

  private void sweepDisk() throws InterruptedException {
    intake.ready().await();
    while (true) {
      sweeper.onDisk().forEach(this::sweep);
      Thread.sleep(SWEEP_DISK);
    }
  }

  private void sweep(PodUid uid) {
    if (!intake.ready().isOpen() || workers.knows(uid) || !sweeping.add(uid)) {
      return;
    }
    group.start(
        "sweep-" + uid,
        () -> {
          try {
            sweeps.acquire();
            try {
              if (!workers.knows(uid)) {
                sweeper.sweep(uid);
              }
            } finally {
              sweeps.release();
            }
          } finally {
            sweeping.remove(uid);
          }
        });
  }

  private final class Probed implements Prober.Listener {
    @Override
    public void changed(DesiredPod pod) {
      workers.probed(pod.uid());
    }

    @Override
    public void event(DesiredPod pod, PodEvent event) {
      events.record(pod, event);
    }
  }

  private final class Watcher implements RuntimeWatch.Listener {
    @Override
    public void changed(PodUid pod) {
      workers.look(pod);
    }

    @Override
    public void present(Set<PodUid> pods) {
      pods.forEach(Pods.this::sweep);
    }
  }
}
