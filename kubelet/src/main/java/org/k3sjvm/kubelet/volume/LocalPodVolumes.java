package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.HostPathVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kubelet.volume.FileVolumes.Written;
import org.k3sjvm.kubelet.volume.VolumeLayout.Plugin;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.MountPoint;
import org.k3sjvm.linux.mount.Mounts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Volumes that this node mounts by itself: emptyDir, hostPath, configMap, secret, downwardAPI,
 * projected, and claims on paths of the host, local directories and NFS.
 */
public final class LocalPodVolumes implements PodVolumes {
  private static final Logger log = LoggerFactory.getLogger(LocalPodVolumes.class);

  /** Source: kubelet v1.36 syncFrequency. */
  public static final Duration SYNC_FREQUENCY = Duration.ofSeconds(60);

  /** For calls that leave nothing behind: a pod does not wait for them to end. */
  private static final String LOOKING = "looking for ";

  /** Longer than mount(8) is given. */
  private static final Duration LONGEST = Duration.ofMinutes(2);

  /** File systems of this host: unmounting them does not wait for anybody. */
  private static final Set<String> PROMPT =
      Set.of("tmpfs", "hugetlbfs", "ext4", "xfs", "btrfs", "overlay");

  /** What is known of a pod whose volumes are set up; its turn is held while they change. */
  private static final class Known {
    final ReentrantLock turn = new ReentrantLock();
    volatile @Nullable Pod pod;
    final Map<String, Written> written = new HashMap<>();
    final Map<String, MountedVolume> mounted = new ConcurrentHashMap<>();

    /** Of volumes that could not be set up when that was last tried; by their name. */
    final Map<String, String> faults = new ConcurrentHashMap<>();

    boolean over;
  }

  private final VolumeLayout layout;
  private final Mounts mounts;
  private final ObjectWatches watches;
  private final EmptyDirs emptyDirs;
  private final FileVolumes files;
  private final SubPaths subPaths;
  private final Claims claims;
  private final PersistentVolumes persistent;
  private final Patience patience;
  private final ConcurrentMap<String, Known> pods = new ConcurrentHashMap<>();
  private volatile Optional<ServiceGroup> refreshes = Optional.empty();

  /**
   * Volumes below a kubelet's root directory.
   *
   * @param allocatable what pods of this node may use in all, for limits that a pod does not set
   */
  public LocalPodVolumes(
      Path root,
      KubeApi api,
      Mounts mounts,
      Supplier<Map<String, Quantity>> allocatable,
      InstantSource clock,
      RandomGenerator random) {
    this(root, api, mounts, allocatable, SYNC_FREQUENCY, clock, Sleeper.SYSTEM, random);
  }

  /**
   * Volumes with a sync frequency of their own.
   *
   * @param syncFrequency how often objects are read again that are not followed, at least
   */
  public LocalPodVolumes(
      Path root,
      KubeApi api,
      Mounts mounts,
      Supplier<Map<String, Quantity>> allocatable,
      Duration syncFrequency,
      InstantSource clock,
      Sleeper sleeper,
      RandomGenerator random) {
    this.layout = new VolumeLayout(root);
    this.mounts = mounts;
    this.watches = new ObjectWatches(api, sleeper, uids -> uids.forEach(this::refresh));
    VolumeDirectories directories = new VolumeDirectories(layout, mounts, allocatable);
    this.emptyDirs = new EmptyDirs(directories);
    this.files =
        new FileVolumes(
            directories,
            new Payloads(api, watches, allocatable, clock, random),
            new AtomicWriter(clock, random),
            watches,
            syncFrequency.multipliedBy(3).dividedBy(4));
    this.subPaths = new SubPaths(layout, mounts);
    this.claims = new Claims(api);
    this.persistent = new PersistentVolumes(layout, directories, mounts);
    this.patience = new Patience(LONGEST);
  }

  @Override
  public void keepFresh() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("volumes")) {
      refreshes = Optional.of(group);
      group.start("watches", watches);
      group.await();
    } finally {
      refreshes = Optional.empty();
    }
  }

  @Override
  public Map<String, MountedVolume> mount(Pod pod) throws InterruptedException {
    String uid = pod.getMetadata().getUid();
    Known known = pods.computeIfAbsent(uid, _ -> new Known());
    known.turn.lockInterruptibly();
    try {
      if (known.over) { // taken down while we waited for our turn
        throw new VolumeException("the volumes of pod " + uid + " were taken down");
      }
      known.pod = pod;
      return mountAll(pod, known);
    } finally {
      known.turn.unlock();
    }
  }

  private Map<String, MountedVolume> mountAll(Pod pod, Known known) throws InterruptedException {
    Set<String> wanted = PodFacts.usedVolumes(pod.getSpec());
    Set<ObjectKey> objects = objects(pod, wanted);
    watches.want(pod.getMetadata().getUid(), objects);
    FileVolumes.Turn turn = files.begin(objects);
    @Nullable VolumeException fault = null;
    for (Volume volume : PodFacts.orEmpty(pod.getSpec().getVolumes())) {
      if (!wanted.contains(volume.getName()) || volume.getImage() != null) {
        continue; // images are pulled when a container starts, and mounted by the runtime
      }
      try {
        known.mounted.put(volume.getName(), mountOne(pod, volume, known, turn));
        known.faults.remove(volume.getName());
      } catch (VolumeException
          | KubeException
          | LinuxException
          | InvalidPathException
          | IOException e) {
        VolumeException failed = failed(volume, e);
        known.faults.put(volume.getName(), String.valueOf(failed.getMessage()));
        if (fault == null) {
          fault = failed;
        } else {
          fault.addSuppressed(failed);
        }
      }
    }
    if (fault != null) {
      throw fault;
    }
    return Map.copyOf(known.mounted);
  }

  private static Set<ObjectKey> objects(Pod pod, Set<String> wanted) {
    Set<ObjectKey> keys = new HashSet<>();
    for (Volume volume : PodFacts.orEmpty(pod.getSpec().getVolumes())) {
      if (wanted.contains(volume.getName())) {
        keys.addAll(ObjectKey.of(pod, volume));
      }
    }
    return keys;
  }

  /** How the volumes of each pod are, by its uid; waits for nobody. */
  public Map<String, List<VolumeReport>> report() {
    Map<String, List<VolumeReport>> report = new HashMap<>();
    pods.forEach(
        (uid, known) -> {
          Pod pod = known.pod;
          if (pod != null) {
            report.put(uid, VolumeReport.of(pod, known.mounted, known.faults));
          }
        });
    return report;
  }

  @Override
  public void changed(Pod pod) {
    Known known = pods.get(pod.getMetadata().getUid());
    if (known != null && known.pod != null && PodFacts.showsItself(pod)) {
      known.pod = pod;
      refresh(pod.getMetadata().getUid());
    }
  }

  /** Brings a pod's files up to date; what fails is told by the pod's next sync. */
  private void refresh(String uid) {
    refreshes.ifPresent(
        group -> {
          try {
            group.start("refresh-" + uid, () -> refreshNow(uid));
          } catch (IllegalStateException e) {
            log.atDebug().addKeyValue("podUid", uid).log("volumes are not refreshed any more");
          }
        });
  }

  private void refreshNow(String uid) throws InterruptedException {
    Known known = pods.get(uid);
    if (known == null) {
      return;
    }
    known.turn.lockInterruptibly();
    try {
      Pod pod = known.pod;
      if (known.over || pod == null) {
        return;
      }
      FileVolumes.Turn turn = files.begin(objects(pod, PodFacts.usedVolumes(pod.getSpec())));
      for (Volume volume : PodFacts.orEmpty(pod.getSpec().getVolumes())) {
        Optional<Plugin> plugin = FileVolumes.pluginOf(volume);
        if (plugin.isPresent() && known.written.containsKey(volume.getName())) {
          write(pod, volume, plugin.get(), known, turn);
        }
      }
    } catch (RuntimeException | IOException e) {
      log.atDebug()
          .addKeyValue("podUid", uid)
          .addKeyValue("reason", e.getMessage())
          .log("cannot refresh a volume, the next sync of the pod tries again");
    } finally {
      known.turn.unlock();
    }
  }

  private Written write(Pod pod, Volume volume, Plugin plugin, Known known, FileVolumes.Turn turn)
      throws IOException, InterruptedException {
    String name = volume.getName();
    Written written = files.write(pod, volume, plugin, known.written.get(name), turn);
    known.written.put(name, written);
    return written;
  }

  @Override
  public Path subPath(
      Pod pod, String container, int mountIndex, String volume, Path mounted, String subPath)
      throws InterruptedException {
    String uid = pod.getMetadata().getUid();
    try {
      return patience.run(
          uid,
          volume + "/" + subPath,
          () -> subPaths.pin(uid, container, mountIndex, volume, mounted, subPath));
    } catch (InvalidPathException | IOException e) {
      throw new VolumeException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void unmount(String podUid) throws InterruptedException {
    Known known = pods.computeIfAbsent(podUid, _ -> new Known());
    known.turn.lockInterruptibly();
    try {
      known.over = true;
      watches.drop(podUid);
      files.forget(podUid);
      takeDown(podUid);
    } finally {
      pods.remove(podUid, known);
      known.turn.unlock();
    }
  }

  private void takeDown(String podUid) throws InterruptedException {
    if (patience.isPending(podUid)) {
      throw new VolumeException("a mount of pod " + podUid + " has not returned yet");
    }
    try {
      List<MountPoint> mine = mounts.within(layout.pod(podUid));
      Path parts = layout.subPaths(podUid);
      for (boolean ofParts : new boolean[] {true, false}) { // a part before its volume
        for (MountPoint mount : mine) {
          if (mount.target().startsWith(parts) == ofParts) {
            detach(podUid, mount);
          }
        }
      }
      if (!mine.isEmpty() && !mounts.within(layout.pod(podUid)).isEmpty()) {
        throw new VolumeException("volumes of pod " + podUid + " are still mounted");
      }
      Trees.deleteSubPaths(parts);
      Trees.deleteVolumes(layout.volumes(podUid));
      Trees.delete(layout.plugins(podUid));
    } catch (LinuxException | IOException e) {
      throw new VolumeException(
          "cannot take down the volumes of pod " + podUid + ": " + e.getMessage(), e);
    }
  }

  /** The last user of a network file system waits for its server. */
  private void detach(String podUid, MountPoint mount) throws IOException, InterruptedException {
    if (PROMPT.contains(mount.type())) {
      mounts.detach(mount.target());
      return;
    }
    patience.run(
        podUid,
        mount.target().toString(),
        () -> {
          mounts.detach(mount.target());
          return mount;
        });
  }

  @Override
  public Set<String> podsOnDisk() throws IOException {
    try (Stream<Path> all = Files.list(layout.pods())) {
      return all.filter(Files::isDirectory)
          .map(path -> Objects.requireNonNull(path.getFileName()).toString())
          .collect(Collectors.toSet());
    } catch (NoSuchFileException e) {
      return Set.of();
    }
  }

  private MountedVolume mountOne(Pod pod, Volume volume, Known known, FileVolumes.Turn turn)
      throws IOException, InterruptedException {
    Optional<Plugin> plugin = FileVolumes.pluginOf(volume);
    if (plugin.isPresent()) {
      return MountedVolume.ofPodReadOnly(write(pod, volume, plugin.get(), known, turn).path());
    }
    MountedVolume before = known.mounted.get(volume.getName());
    if (before != null) {
      return before;
    }
    String uid = pod.getMetadata().getUid();
    if (volume.getHostPath() != null) {
      HostPathVolumeSource source = volume.getHostPath();
      return patience.run(
          LOOKING + uid,
          source.getPath(),
          () -> MountedVolume.ofHost(HostPaths.open(source), false));
    }
    Optional<String> claim = Claims.nameOf(pod, volume);
    if (claim.isPresent()) {
      Claims.Bound bound = claims.bound(pod, volume, claim.get());
      PodFacts.checkMode(pod.getSpec(), volume, bound.isBlock());
      return patience.run(uid, bound.name(), () -> persistent.open(pod, bound));
    }
    if (volume.getNfs() != null) {
      String name = volume.getName();
      return patience.run(uid, name, () -> persistent.open(pod, name, volume.getNfs()));
    }
    if (volume.getEmptyDir() != null) {
      return MountedVolume.ofPod(emptyDirs.open(pod, volume.getName(), volume.getEmptyDir()));
    }
    throw new VolumeException("no volume plugin matched: this node does not support its type");
  }

  private static VolumeException failed(Volume volume, Exception e) {
    if (e instanceof VolumeException unprocessed && unprocessed.isComplete()) {
      return unprocessed;
    }
    String why =
        e instanceof KubeException kube ? kube.statusMessage() : String.valueOf(e.getMessage());
    return new VolumeException(
        "MountVolume.SetUp failed for volume \"" + volume.getName() + "\" : " + why, e);
  }
}
