package org.k3sjvm.kubelet.node;

import io.fabric8.kubernetes.api.model.ContainerImage;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.cri.RuntimeVersion;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.FileSystemUsage;
import org.k3sjvm.linux.mount.Mounts;

/** Looks at runtime, images and disk. One thread calls. */
final class HostObserver {
  /** Source: kubelet v1.36 maxWaitForContainerRuntime. */
  private static final Duration RUNTIME_PATIENCE = Duration.ofSeconds(30);

  private static final Duration IMAGES_EVERY = Duration.ofSeconds(30);

  /** Source: kubelet v1.36 evictionPressureTransitionPeriod. */
  private static final Duration PRESSURE_LASTS = Duration.ofMinutes(5);

  private static final int MOST_NAMES = 5;

  private final NodeConfig config;
  private final MachineFacts machine;
  private final ContainerRuntime runtime;
  private final ImageService images;
  private final Mounts mounts;
  private final InstantSource clock;

  private @Nullable RuntimeStatus lastStatus;
  private @Nullable RuntimeVersion version;
  private Instant lastSuccess = Instant.EPOCH;
  private List<ContainerImage> lastImages = List.of();
  private Instant imagesAt = Instant.EPOCH;
  private Instant pressureUntil = Instant.EPOCH;

  HostObserver(
      NodeConfig config,
      MachineFacts machine,
      ContainerRuntime runtime,
      ImageService images,
      Mounts mounts,
      InstantSource clock) {
    this.config = config;
    this.machine = machine;
    this.runtime = runtime;
    this.images = images;
    this.mounts = mounts;
    this.clock = clock;
  }

  Observation look() throws InterruptedException {
    Instant now = clock.instant();
    askRuntime(now);
    Optional<FileSystemUsage> disk = disk();
    return new Observation(
        machine,
        Optional.ofNullable(lastStatus),
        runtimeFault(now),
        Optional.ofNullable(version),
        lastImages,
        disk.map(FileSystemUsage::capacityBytes).orElse(0L),
        new Observation.Pressure(false, isDiskShort(disk, now), false),
        false);
  }

  private void askRuntime(Instant now) throws InterruptedException {
    try {
      lastStatus = runtime.status();
      lastSuccess = now;
      if (version == null) {
        version = runtime.version();
      }
      if (Duration.between(imagesAt, now).compareTo(IMAGES_EVERY) >= 0) {
        lastImages = described(images.listImages(), config.maxImages().orElse(Integer.MAX_VALUE));
        imagesAt = now;
      }
    } catch (CriException e) {
      version = null; // it may come back as another one
    }
  }

  private Optional<String> runtimeFault(Instant now) {
    if (lastStatus == null) {
      return Optional.of("container runtime status check may not have completed yet");
    }
    return Duration.between(lastSuccess, now).compareTo(RUNTIME_PATIENCE) > 0
        ? Optional.of("container runtime is down")
        : Optional.empty();
  }

  private Optional<FileSystemUsage> disk() {
    try {
      return Optional.of(mounts.usage(config.root()));
    } catch (LinuxException e) {
      return Optional.empty();
    }
  }

  private boolean isDiskShort(Optional<FileSystemUsage> disk, Instant now) {
    if (disk.filter(this::isShort).isPresent()) {
      pressureUntil = now.plus(PRESSURE_LASTS);
    }
    return now.isBefore(pressureUntil);
  }

  private boolean isShort(FileSystemUsage use) {
    return use.availableBytes()
        < config.reservations().mustStayFree("nodefs.available", use.capacityBytes());
  }

  /** Source: kubelet v1.36 pkg/kubelet/nodestatus/setters.go, Images. */
  static List<ContainerImage> described(List<Image> images, long most) {
    List<ContainerImage> described = new ArrayList<>();
    images.stream()
        .sorted(Comparator.comparingLong(Image::sizeBytes).reversed().thenComparing(Image::id))
        .limit(most)
        .forEach(
            image ->
                described.add(
                    new ContainerImage(
                        Stream.concat(image.repoDigests().stream(), image.repoTags().stream())
                            .limit(MOST_NAMES)
                            .toList(),
                        image.sizeBytes())));
    return described;
  }
}
