package org.k3sjvm.cri.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.k3sjvm.cri.ContainerSecurityContext.RunAs;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.FilesystemUsage;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageFsInfo;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.RegistryAuth;

/** Images by name: those on the host, and those that a registry has. Any thread may call. */
public final class FakeImageService implements ImageService {
  private final Object lock = new Object();
  private final Orders orders;

  @GuardedBy("lock")
  private final Map<String, Known> present = new LinkedHashMap<>();

  @GuardedBy("lock")
  private final Set<String> offered = new LinkedHashSet<>();

  FakeImageService(Orders orders) {
    this.orders = orders;
  }

  /** Puts an image on the host. */
  public void add(String reference) {
    add(reference, Optional.empty());
  }

  /** The same with the user that the image's config names. */
  public void add(String reference, Optional<RunAs> user) {
    String name = fullName(reference);
    synchronized (lock) {
      present.put(name, new Known(name, idOf(name), user));
    }
  }

  /** Puts an image into the registry, to be pulled. */
  public void offer(String reference) {
    synchronized (lock) {
      offered.add(fullName(reference));
    }
  }

  @Override
  public String pullImage(
      ImageSpec image, Optional<RegistryAuth> auth, Optional<PodSandboxConfig> sandbox)
      throws InterruptedException {
    orders.obey("PullImage", image.image());
    String name = fullName(image.image());
    synchronized (lock) {
      if (!offered.contains(name)) {
        throw new CriException.NotFound("PullImage", image.image(), name + ": not found", null);
      }
      present.putIfAbsent(name, new Known(name, idOf(name), Optional.empty()));
      return idOf(name);
    }
  }

  @Override
  public Optional<Image> imageStatus(ImageSpec image) throws InterruptedException {
    orders.obey("ImageStatus", image.image());
    return find(image).map(Known::asImage);
  }

  @Override
  public List<Image> listImages() throws InterruptedException {
    orders.obey("ListImages", "");
    synchronized (lock) {
      return present.values().stream().map(Known::asImage).toList();
    }
  }

  @Override
  public void removeImage(ImageSpec image) throws InterruptedException {
    orders.obey("RemoveImage", image.image());
    synchronized (lock) {
      find(image).ifPresent(known -> present.remove(known.name()));
    }
  }

  @Override
  public ImageFsInfo imageFsInfo() throws InterruptedException {
    orders.obey("ImageFsInfo", "");
    synchronized (lock) {
      return new ImageFsInfo(
          List.of(
              new FilesystemUsage(
                  Instant.EPOCH,
                  "/var/lib/fake",
                  OptionalLong.of(present.size() * Known.SIZE_BYTES),
                  OptionalLong.of(present.size()))),
          List.of());
    }
  }

  Known need(String verb, ImageSpec image) {
    return find(image)
        .orElseThrow(
            () -> new CriException.NotFound(verb, image.image(), "image is not here", null));
  }

  private Optional<Known> find(ImageSpec image) {
    String name = fullName(image.image());
    synchronized (lock) {
      return present.values().stream()
          .filter(known -> known.name().equals(name) || known.id().equals(image.image()))
          .findFirst();
    }
  }

  /** {@code busybox} is {@code docker.io/library/busybox:latest}, as in containerd. */
  private static String fullName(String reference) {
    int slash = reference.indexOf('/');
    String first = slash < 0 ? "" : reference.substring(0, slash);
    boolean hasHost = first.contains(".") || first.contains(":") || first.equals("localhost");
    String path = hasHost ? reference : "docker.io/" + (slash < 0 ? "library/" : "") + reference;
    boolean hasTag = path.contains("@") || path.lastIndexOf(':') > path.lastIndexOf('/');
    return hasTag ? path : path + ":latest";
  }

  private static String idOf(String name) {
    UUID first = UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    UUID second = UUID.nameUUIDFromBytes(("+" + name).getBytes(StandardCharsets.UTF_8));
    return "sha256:" + (first.toString() + second).replace("-", "");
  }

  record Known(String name, String id, Optional<RunAs> user) {
    static final long SIZE_BYTES = 1 << 20;

    Image asImage() {
      return new Image(id, List.of(name), List.of(), SIZE_BYTES, user, false);
    }
  }
}
