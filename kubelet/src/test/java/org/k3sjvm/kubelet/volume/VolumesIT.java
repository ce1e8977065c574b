package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.linux.mount.KernelMounts;
import org.k3sjvm.linux.mount.MountPoint;

/** Volumes on the running kernel. Needs root: it mounts inside its own temporary directory. */
class VolumesIT {
  @TempDir Path root;

  private final KernelMounts mounts = new KernelMounts();
  private final FakeKubeApi api = new FakeKubeApi();

  @AfterEach
  void unmount() {
    for (MountPoint mount : mounts.within(root)) {
      mounts.detach(mount.target());
    }
  }

  private LocalPodVolumes volumes() {
    return new LocalPodVolumes(
        root,
        api,
        mounts,
        () -> Map.of("memory", Quantity.parse("1Gi")),
        InstantSource.system(),
        new Random(1));
  }

  private Pod pod(long fsGroup, String policy) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("ns")
        .withUid("uid-1")
        .endMetadata()
        .withNewSpec()
        .withNewSecurityContext()
        .withFsGroup(fsGroup)
        .withFsGroupChangePolicy(policy)
        .endSecurityContext()
        .addNewContainer()
        .withName("c")
        .addNewVolumeMount()
        .withName("data")
        .withMountPath("/data")
        .endVolumeMount()
        .addNewVolumeMount()
        .withName("memory")
        .withMountPath("/memory")
        .endVolumeMount()
        .endContainer()
        .addNewVolume()
        .withName("data")
        .withNewPersistentVolumeClaim("claim", false)
        .endVolume()
        .addNewVolume()
        .withName("memory")
        .withNewEmptyDir()
        .withMedium("Memory")
        .withSizeLimit(Quantity.parse("1Mi"))
        .endEmptyDir()
        .endVolume()
        .endSpec()
        .build();
  }

  private Path disk() throws IOException {
    Path disk = Files.createDirectories(root.resolve("disk/sub"));
    Files.writeString(disk.resolve("file"), "kept");
    var claim =
        api.create(
            Resources.PERSISTENT_VOLUME_CLAIMS,
            new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName("claim")
                .withNamespace("ns")
                .endMetadata()
                .withNewSpec()
                .withVolumeName("pv-1")
                .endSpec()
                .withNewStatus()
                .withPhase("Bound")
                .endStatus()
                .build());
    api.create(
        Resources.PERSISTENT_VOLUMES,
        new PersistentVolumeBuilder()
            .withNewMetadata()
            .withName("pv-1")
            .endMetadata()
            .withNewSpec()
            .withMountOptions("noexec", "nodev")
            .withNewLocal(null, root.resolve("disk").toString())
            .withNewClaimRef()
            .withUid(claim.getMetadata().getUid())
            .endClaimRef()
            .endSpec()
            .build());
    return disk;
  }

  private static Path of(Map<String, MountedVolume> mounted, String name) {
    return Objects.requireNonNull(mounted.get(name)).path();
  }

  @Test
  void everythingOfAPodIsUnmountedByTheNextProcessAndTheDataStays() throws Exception {
    Path disk = disk();
    Pod pod = pod(4321, "Always");
    PodVolumes first = volumes();
    Map<String, MountedVolume> mounted = first.mount(pod);
    Path data = of(mounted, "data");
    assertThat(data.resolve("sub/file")).hasContent("kept");
    assertThat(mounts.find(data).orElseThrow().options()).contains("noexec", "nodev");
    assertThat(Modes.group(disk.resolve("file"))).isEqualTo(4321);
    assertThat(Modes.get(disk) & 07777).isEqualTo(02775);
    assertThat(mounts.usage(of(mounted, "memory")).capacityBytes()).isEqualTo(1 << 20);
    Path part = first.subPath(pod, "c", 0, "data", data, "sub");
    assertThat(part.resolve("file")).hasContent("kept");
    PodVolumes next = volumes();
    assertThat(next.podsOnDisk()).containsExactly("uid-1");
    next.unmount("uid-1");
    assertThat(mounts.within(root)).isEmpty();
    assertThat(root.resolve("pods/uid-1/volumes")).doesNotExist();
    assertThat(root.resolve("pods/uid-1/volume-subpaths")).doesNotExist();
    assertThat(disk.resolve("file")).hasContent("kept");
  }

  @Test
  void aVolumeWhoseRootIsRightKeepsItsOwners() throws Exception {
    Path disk = disk();
    Files.setAttribute(root.resolve("disk"), "unix:gid", 4321);
    Modes.set(root.resolve("disk"), 02770);
    int before = Modes.group(disk.resolve("file"));
    volumes().mount(pod(4321, "OnRootMismatch"));
    assertThat(Modes.group(disk.resolve("file"))).isEqualTo(before);
  }

  @Test
  void aDirectoryThatBecomesALinkToTheHostIsNeverPinned() throws Exception {
    Path volume = Files.createDirectories(root.resolve("volume"));
    Path host = Files.createDirectories(root.resolve("host/b"));
    Files.writeString(host.resolve("secret"), "of the host");
    Path inside = Files.createDirectories(volume.resolve("a"));
    Path aside = volume.resolve("aside");
    Files.createSymbolicLink(volume.resolve("link"), root.resolve("host"));
    SubPaths parts = new SubPaths(new VolumeLayout(root), mounts);
    int pinned = 0;
    try (Racer racer =
        new Racer(
            () -> {
              Files.move(inside, aside, StandardCopyOption.ATOMIC_MOVE);
              Files.move(volume.resolve("link"), inside, StandardCopyOption.ATOMIC_MOVE);
              Files.move(inside, volume.resolve("link"), StandardCopyOption.ATOMIC_MOVE);
              Files.move(aside, inside, StandardCopyOption.ATOMIC_MOVE);
            })) {
      for (int i = 0; i < 2000 && racer.runs(); i++) {
        try {
          Path target = parts.pin("uid", "c", 0, "v", volume, "a/b/c" + i % 7);
          pinned++;
          assertThat(target.resolve("secret")).doesNotExist();
        } catch (VolumeException e) {
          // refused, as it should be when the link was there
        }
      }
    }
    assertThat(pinned).isPositive();
    assertThat(root.resolve("host/b")).isDirectoryNotContaining("glob:**/c*");
  }

  @Test
  void aFileThatBecomesALinkToTheHostIsNotGivenAway() throws Exception {
    Path volume = Files.createDirectories(root.resolve("volume"));
    Path secret = Files.writeString(root.resolve("secret"), "of the host");
    Modes.set(secret, 0600);
    int group = Modes.group(secret);
    Path file = Files.writeString(volume.resolve("file"), "own");
    Path link = Files.createSymbolicLink(root.resolve("link"), secret);
    Path own = root.resolve("own");
    try (Racer racer =
        new Racer(
            () -> {
              Files.move(file, own, StandardCopyOption.ATOMIC_MOVE);
              Files.move(link, file, StandardCopyOption.ATOMIC_MOVE);
              Files.move(file, link, StandardCopyOption.ATOMIC_MOVE);
              Files.move(own, file, StandardCopyOption.ATOMIC_MOVE);
            })) {
      for (int i = 0; i < 2000 && racer.runs(); i++) {
        Ownership.give(volume, 4321, false);
      }
    }
    assertThat(Modes.group(secret)).isEqualTo(group);
    assertThat(Modes.get(secret) & 07777).isEqualTo(0600);
  }

  @Test
  void hostileNamesLeadNowhere() throws Exception {
    Path volume = Files.createDirectories(root.resolve("volume"));
    SubPaths parts = new SubPaths(new VolumeLayout(root), mounts);
    for (String name : new String[] {"..", "../..", "a/../../..", "/etc", "./.././../etc"}) {
      assertThatThrownBy(() -> parts.pin("uid", "c", 0, "v", volume, name))
          .isInstanceOf(VolumeException.class);
    }
    for (String name : new String[] {"../v", "..", ".", "", "a/b"}) {
      assertThatThrownBy(() -> parts.pin("uid", "c", 0, name, volume, "a"))
          .isInstanceOf(VolumeException.class);
    }
    assertThatThrownBy(() -> parts.pin("uid", "c", 0, "v", volume, "x".repeat(256)))
        .isInstanceOf(VolumeException.class);
    assertThat(parts.pin("uid", "c", 0, "v", volume, "line\nbreak and space")).isDirectory();
    assertThat(mounts.within(root)).hasSize(1);
    volumes().unmount("uid");
    assertThat(mounts.within(root)).isEmpty();
  }

  /** Does something over and over until closed. */
  private static final class Racer implements AutoCloseable {
    private final AtomicBoolean over = new AtomicBoolean();
    private final Thread thread;

    interface Step {
      void run() throws IOException;
    }

    Racer(Step step) {
      thread =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      while (!over.get()) {
                        step.run();
                      }
                    } catch (IOException e) {
                      over.set(true);
                    }
                  });
    }

    boolean runs() {
      return !over.get();
    }

    @Override
    public void close() {
      over.set(true);
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
