package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.NFSVolumeSource;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeSpec;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.volume.VolumeLayout.Plugin;
import org.k3sjvm.linux.mount.BindOptions;
import org.k3sjvm.linux.mount.MountPoint;
import org.k3sjvm.linux.mount.Mounts;

/**
 * Volumes that outlive pods: paths of the host, local directories and network file systems. Their
 * content is never deleted here. Calls may hang as long as what they mount does.
 *
 * <p>Source: kubelet v1.36 pkg/volume/{hostpath,local,nfs}.
 */
final class PersistentVolumes {
  private static final String OPTIONS = "volume.beta.kubernetes.io/mount-options";
  private static final String GROUP = "pv.beta.kubernetes.io/gid";
  private static final int MOUNT_POINT_MODE = 0750;

  private final VolumeLayout layout;
  private final VolumeDirectories directories;
  private final Mounts mounts;

  PersistentVolumes(VolumeLayout layout, VolumeDirectories directories, Mounts mounts) {
    this.layout = layout;
    this.directories = directories;
    this.mounts = mounts;
  }

  /** Sets up what a claim is bound to. Idempotent. */
  MountedVolume open(Pod pod, Claims.Bound bound) throws IOException {
    return openOne(pod, bound).withGroup(groupOf(bound.volume()));
  }

  private MountedVolume openOne(Pod pod, Claims.Bound bound) throws IOException {
    PersistentVolumeSpec spec = bound.volume().getSpec();
    if (bound.isBlock()) {
      return MountedVolume.ofHost(blockDevice(bound), bound.readOnly());
    }
    if (spec.getHostPath() != null) {
      refuseOptions(bound.volume());
      return MountedVolume.ofHost(HostPaths.open(spec.getHostPath()), bound.readOnly());
    }
    if (spec.getLocal() != null) {
      Path path = local(pod, bound, spec.getLocal().getPath());
      return MountedVolume.ofHost(path, bound.readOnly());
    }
    if (spec.getNfs() != null) {
      NFSVolumeSource nfs = spec.getNfs();
      boolean readOnly = bound.readOnly() || Boolean.TRUE.equals(nfs.getReadOnly());
      Path path = nfs(pod, bound.name(), nfs, readOnly, optionsOf(bound.volume()));
      return MountedVolume.ofHost(path, readOnly);
    }
    throw new VolumeException(
        "the volume " + bound.name() + " is of a kind that this node does not support");
  }

  /** Sets up a network file system that the pod names itself. Idempotent. */
  MountedVolume open(Pod pod, String volume, NFSVolumeSource nfs) throws IOException {
    boolean readOnly = Boolean.TRUE.equals(nfs.getReadOnly());
    return MountedVolume.ofHost(nfs(pod, volume, nfs, readOnly, List.of()), readOnly);
  }

  private static Path blockDevice(Claims.Bound bound) throws IOException {
    if (bound.volume().getSpec().getLocal() == null) {
      throw new VolumeException(
          "the volume " + bound.name() + " is of a kind that this node has no block devices of");
    }
    String path = bound.volume().getSpec().getLocal().getPath();
    HostPaths.refuseUpwards("invalid path: ", path);
    Path device = Path.of(path).toRealPath();
    if (!HostPaths.isBlockDevice(device)) {
      throw new VolumeException("path \"" + path + "\" is not a block device");
    }
    return device;
  }

  private Path local(Pod pod, Claims.Bound bound, String source) throws IOException {
    HostPaths.refuseUpwards("invalid path: ", source);
    Path from = Path.of(source);
    Path target = directories.path(pod, Plugin.LOCAL, bound.name());
    List<MountPoint> all = mounts.list();
    if (all.stream().anyMatch(mount -> mount.target().equals(target))) {
      return target;
    }
    if (!Files.isDirectory(from)) {
      throw new VolumeException(
          Files.exists(from)
              ? "only directory and block device are supported; this node mounts directories: "
                  + source
              : "path \"" + source + "\" does not exist");
    }
    boolean shared = isUsedByOthers(all, bound.name());
    boolean isNew = directories.make(target, MOUNT_POINT_MODE);
    try {
      mounts.bind(from, target, new BindOptions(bound.readOnly()));
      List<String> options = optionsOf(bound.volume());
      if (!options.isEmpty()) {
        mounts.restrict(target, options);
      }
    } catch (RuntimeException e) {
      mounts.detach(target);
      if (isNew) {
        Files.deleteIfExists(target);
      }
      throw e;
    }
    OptionalInt group = PodFacts.fsGroup(pod);
    if (group.isPresent() && !bound.readOnly() && !shared) {
      Ownership.give(target, group.getAsInt(), PodFacts.onlyOnRootMismatch(pod));
    }
    return target;
  }

  /** Source: kubelet v1.36 pkg/volume/local, filterPodMounts. */
  private boolean isUsedByOthers(List<MountPoint> all, String volume) {
    return all.stream()
        .map(MountPoint::target)
        .anyMatch(
            target ->
                target.startsWith(layout.pods())
                    && target.endsWith(Plugin.LOCAL.directory() + "/" + volume));
  }

  private Path nfs(
      Pod pod, String name, NFSVolumeSource nfs, boolean readOnly, List<String> options)
      throws IOException {
    Path target = directories.path(pod, Plugin.NFS, name);
    if (mounts.find(target).isPresent()) {
      return target;
    }
    List<String> all = new ArrayList<>(options);
    if (readOnly && !all.contains("ro")) {
      all.addFirst("ro");
    }
    directories.make(target, MOUNT_POINT_MODE);
    try {
      mounts.mount(nfs.getServer() + ":" + nfs.getPath(), target, "nfs", all);
    } catch (RuntimeException e) {
      mounts.detach(target);
      Files.deleteIfExists(target);
      throw e;
    }
    return target;
  }

  /** Source: kubelet v1.36 pkg/kubelet/volumemanager, GetExtraSupplementalGroupsForPod. */
  private static OptionalLong groupOf(PersistentVolume volume) {
    @Nullable Map<String, String> annotations = volume.getMetadata().getAnnotations();
    @Nullable String gid = annotations == null ? null : annotations.get(GROUP);
    try {
      return gid == null || gid.isEmpty()
          ? OptionalLong.empty()
          : OptionalLong.of(Long.parseLong(gid));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  private static void refuseOptions(PersistentVolume volume) {
    if (!optionsOf(volume).isEmpty()) {
      throw new VolumeException("Mount options are not supported for this volume type");
    }
  }

  private static List<String> optionsOf(PersistentVolume volume) {
    List<String> options = new ArrayList<>(PodFacts.orEmpty(volume.getSpec().getMountOptions()));
    @Nullable Map<String, String> annotations = volume.getMetadata().getAnnotations();
    @Nullable String old = annotations == null ? null : annotations.get(OPTIONS);
    if (old != null && !old.isEmpty()) {
      options.addAll(Arrays.asList(old.split(",", -1)));
    }
    return List.copyOf(options);
  }
}
