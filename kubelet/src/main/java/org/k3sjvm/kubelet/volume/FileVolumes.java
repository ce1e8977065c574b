package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.volume.VolumeLayout.Plugin;

/**
 * Volumes whose files are written from objects: configMap, secret, downwardAPI and projected.
 *
 * <p>A volume is written again when the pod or an object has changed or a token is due; otherwise
 * nothing is read, neither from the server nor from the disk.
 */
final class FileVolumes {
  /**
   * What a volume was last written from.
   *
   * @param changes of each object, as counted before it was read
   * @param atNanos when
   */
  record Written(Path path, Pod pod, Map<ObjectKey, Long> changes, long atNanos) {}

  /**
   * One turn of setting up a pod's volumes: what they have in common is read once.
   *
   * @param changes of each object, as counted when the turn began
   * @param atNanos when that was
   */
  record Turn(Map<ObjectKey, Long> changes, long atNanos) {}

  private final VolumeDirectories directories;
  private final Payloads payloads;
  private final AtomicWriter writer;
  private final ObjectWatches watches;
  private final Duration atMostOld;

  /**
   * No volumes yet.
   *
   * @param atMostOld age of an object that is not followed at which it is read again
   */
  FileVolumes(
      VolumeDirectories directories,
      Payloads payloads,
      AtomicWriter writer,
      ObjectWatches watches,
      Duration atMostOld) {
    this.directories = directories;
    this.payloads = payloads;
    this.writer = writer;
    this.watches = watches;
    this.atMostOld = atMostOld;
  }

  static Optional<Plugin> pluginOf(Volume volume) {
    if (volume.getConfigMap() != null) {
      return Optional.of(Plugin.CONFIG_MAP);
    }
    if (volume.getSecret() != null) {
      return Optional.of(Plugin.SECRET);
    }
    if (volume.getDownwardAPI() != null) {
      return Optional.of(Plugin.DOWNWARD_API);
    }
    return volume.getProjected() != null ? Optional.of(Plugin.PROJECTED) : Optional.empty();
  }

  /** Begins a turn for volumes that come from these objects. */
  Turn begin(Set<ObjectKey> keys) {
    Map<ObjectKey, Long> changes = new HashMap<>();
    keys.forEach(key -> changes.put(key, watches.changes(key)));
    return new Turn(Map.copyOf(changes), System.nanoTime());
  }

  /**
   * Sets a volume up or brings it up to date.
   *
   * @param before the last answer, in this process
   */
  Written write(Pod pod, Volume volume, Plugin plugin, @Nullable Written before, Turn turn)
      throws IOException, InterruptedException {
    Set<ObjectKey> keys = ObjectKey.of(pod, volume);
    if (before != null && isCurrent(before, pod, volume, keys)) {
      return before;
    }
    Map<ObjectKey, Long> changes = new HashMap<>();
    keys.forEach(key -> changes.put(key, turn.changes().getOrDefault(key, watches.changes(key))));
    Payload payload = payloads.of(pod, volume, key -> age(before, key, turn));
    OptionalInt group = PodFacts.fsGroup(pod);
    Path directory = directories.path(pod, plugin, volume.getName());
    if (before == null) {
      boolean isNew = directories.make(directory);
      if (plugin != Plugin.CONFIG_MAP) { // what holds secrets, or names them, is in memory only
        directories.tmpfs(directory, directories.memorySize(pod, Optional.empty()), isNew);
      }
      if (group.isPresent()) {
        Modes.giveOne(directory, group.getAsInt(), true);
      }
      NestedMounts.make(directory, NestedMounts.of(pod.getSpec(), volume.getName()), group);
    }
    writer.write(
        directory,
        payload,
        files -> {
          if (group.isPresent()) {
            Modes.giveToGroup(files, group.getAsInt(), true);
          }
        });
    return new Written(directory, pod, Map.copyOf(changes), turn.atNanos());
  }

  /** Forgets what is kept for a pod. */
  void forget(String podUid) {
    payloads.forget(podUid);
  }

  @SuppressWarnings("ReferenceEquality") // an equal pod is written again, which is harmless
  private boolean isCurrent(Written before, Pod pod, Volume volume, Set<ObjectKey> keys) {
    boolean recent = System.nanoTime() - before.atNanos() < atMostOld.toNanos();
    return before.pod() == pod
        && !payloads.tokenDue(pod, volume)
        && (recent || !Payloads.mayChangeUnseen(volume))
        && keys.stream().allMatch(key -> unchanged(before, key, recent));
  }

  private boolean unchanged(Written before, ObjectKey key, boolean recent) {
    Long then = before.changes().get(key);
    return then != null && then == watches.changes(key) && (recent || watches.isFollowed(key));
  }

  /** A pod that starts, or hears of a change, gets an answer that is newer than its turn. */
  private Duration age(@Nullable Written before, ObjectKey key, Turn turn) {
    return before != null && unchanged(before, key, true)
        ? atMostOld
        : Duration.ofNanos(System.nanoTime() - turn.atNanos());
  }
}
