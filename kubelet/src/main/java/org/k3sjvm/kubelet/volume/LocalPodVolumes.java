package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kubelet.volume.VolumeLayout.Plugin;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.MountPoint;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.linux.mount.TmpfsOptions;

/**
 * Volumes that live on this host: emptyDir, hostPath, configMap, secret, downwardAPI and projected.
 */
public final class LocalPodVolumes implements PodVolumes {
  private static final int OPEN_TO_ALL = 0777;
  private static final int STICKY_OPEN_TO_ALL = 01777; // what a tmpfs has without an option

  private final VolumeLayout layout;
  private final Mounts mounts;
  private final Payloads payloads;
  private final AtomicWriter writer;
  private final SubPaths subPaths;
  private final Supplier<Map<String, Quantity>> allocatable;

  /** Volumes that this process has set up: their objects may be a little old from then on. */
  private final Set<Path> ready = ConcurrentHashMap.newKeySet();

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
    this.layout = new VolumeLayout(root);
    this.mounts = mounts;
    this.allocatable = allocatable;
    this.payloads = new Payloads(api, allocatable, clock, random);
    this.writer = new AtomicWriter(clock, random);
    this.subPaths = new SubPaths(layout, mounts);
  }

  @Override
  public Map<String, Path> mount(Pod pod) throws InterruptedException {
    Set<String> wanted = PodFacts.mountedVolumes(pod.getSpec());
    Map<String, Path> mounted = new HashMap<>();
    @Nullable VolumeException fault = null;
    for (Volume volume : PodFacts.orEmpty(pod.getSpec().getVolumes())) {
      if (!wanted.contains(volume.getName())) {
        continue;
      }
      try {
        mounted.put(volume.getName(), mountOne(pod, volume));
      } catch (VolumeException | KubeException | LinuxException | IOException e) {
        VolumeException failed = failed(volume, e);
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
    return Map.copyOf(mounted);
  }

  @Override
  public Path subPath(
      Pod pod, String container, int mountIndex, String volume, Path mounted, String subPath) {
    return subPaths.pin(
        pod.getMetadata().getUid(), container, mountIndex, volume, mounted, subPath);
  }

  @Override
  public void unmount(String podUid) {
    Path pod = layout.pod(podUid);
    payloads.forget(podUid);
    ready.removeIf(volume -> volume.startsWith(pod));
    try {
      for (MountPoint mount : mounts.within(pod)) {
        mounts.detach(mount.target());
      }
      if (!mounts.within(pod).isEmpty()) {
        throw new VolumeException("volumes of pod " + podUid + " are still mounted");
      }
      AtomicWriter.delete(layout.subPaths(podUid));
      AtomicWriter.delete(layout.volumes(podUid));
      AtomicWriter.delete(layout.plugins(podUid));
    } catch (LinuxException | IOException e) {
      throw new VolumeException(
          "cannot take down the volumes of pod " + podUid + ": " + e.getMessage(), e);
    }
  }

  @Override
  public Set<String> podsOnDisk() throws IOException {
    try (Stream<Path> pods = Files.list(layout.pods())) {
      return pods.filter(Files::isDirectory)
          .map(path -> path.getFileName().toString())
          .collect(Collectors.toSet());
    } catch (NoSuchFileException e) {
      return Set.of();
    }
  }

  private Path mountOne(Pod pod, Volume volume) throws IOException, InterruptedException {
    if (volume.getHostPath() != null) {
      return HostPaths.open(volume.getHostPath());
    }
    if (volume.getEmptyDir() != null) {
      return emptyDir(pod, volume.getName(), volume.getEmptyDir());
    }
    if (volume.getConfigMap() != null) {
      return files(pod, volume, Plugin.CONFIG_MAP);
    }
    if (volume.getSecret() != null) {
      return files(pod, volume, Plugin.SECRET);
    }
    if (volume.getDownwardAPI() != null) {
      return files(pod, volume, Plugin.DOWNWARD_API);
    }
    if (volume.getProjected() != null) {
      return files(pod, volume, Plugin.PROJECTED);
    }
    throw new VolumeException("no volume plugin matched: this node does not support its type");
  }

  private Path emptyDir(Pod pod, String name, EmptyDirVolumeSource source) throws IOException {
    Path directory = layout.volume(pod.getMetadata().getUid(), Plugin.EMPTY_DIR, name);
    if (ready.contains(directory)) {
      return directory;
    }
    String medium = source.getMedium() == null ? "" : source.getMedium();
    boolean isNew = makeOpen(directory);
    switch (medium) {
      case "" -> {}
      case "Memory" ->
          isNew |= tmpfs(directory, size(pod, Optional.ofNullable(source.getSizeLimit())));
      default -> throw new VolumeException("unknown storage medium \"" + medium + "\"");
    }
    OptionalInt group = PodFacts.fsGroup(pod);
    if (group.isPresent() && isNew) {
      Modes.giveToGroup(directory, group.getAsInt(), false);
    }
    ready.add(directory);
    return directory;
  }

  /** What holds secrets, or names them, lies in memory only. */
  private Path files(Pod pod, Volume volume, Plugin plugin)
      throws IOException, InterruptedException {
    Path directory = layout.volume(pod.getMetadata().getUid(), plugin, volume.getName());
    boolean isReady = ready.contains(directory);
    Payload payload = payloads.of(pod, volume, isReady ? ObjectReader.OLD : Duration.ZERO);
    OptionalInt group = PodFacts.fsGroup(pod);
    if (!isReady) {
      makeOpen(directory);
      if (plugin != Plugin.CONFIG_MAP) {
        tmpfs(directory, size(pod, Optional.empty()));
      }
      if (group.isPresent()) {
        Modes.giveOne(directory, group.getAsInt(), true);
      }
    }
    writer.write(
        directory,
        payload,
        files -> {
          if (group.isPresent()) {
            Modes.giveToGroup(files, group.getAsInt(), true);
          }
        });
    ready.add(directory);
    return directory;
  }

  /** Says whether the directory is new. */
  private static boolean makeOpen(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return false;
    }
    Path plugin = Modes.parent(directory);
    Path volumes = Modes.parent(plugin);
    Modes.makePrivate(Modes.parent(volumes));
    Modes.makePrivate(volumes);
    Modes.makePrivate(plugin);
    Files.createDirectory(directory);
    Modes.set(directory, OPEN_TO_ALL);
    return true;
  }

  /** Says whether the mount is new. */
  private boolean tmpfs(Path directory, OptionalLong sizeBytes) {
    if (mounts.find(directory).isPresent()) {
      return false;
    }
    mounts.tmpfs(directory, new TmpfsOptions(sizeBytes, STICKY_OPEN_TO_ALL, true));
    return true;
  }

  /** Source: kubelet v1.36 pkg/volume/emptydir, calculateEmptyDirMemorySize. */
  private OptionalLong size(Pod pod, Optional<Quantity> limit) {
    return Stream.of(
            Optional.ofNullable(allocatable.get().get("memory")).map(LocalPodVolumes::bytes),
            PodFacts.memoryLimit(pod.getSpec()),
            limit.map(LocalPodVolumes::bytes))
        .flatMap(Optional::stream)
        .filter(bytes -> bytes > 0)
        .mapToLong(Long::longValue)
        .min();
  }

  private static long bytes(Quantity quantity) {
    return quantity.getNumericalAmount().longValue();
  }

  private static VolumeException failed(Volume volume, Exception e) {
    String why =
        e instanceof KubeException kube ? kube.statusMessage() : String.valueOf(e.getMessage());
    return new VolumeException(
        "MountVolume.SetUp failed for volume \"" + volume.getName() + "\" : " + why, e);
  }
}
