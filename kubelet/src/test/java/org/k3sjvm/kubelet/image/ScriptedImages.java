package org.k3sjvm.kubelet.image;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageFsInfo;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.RegistryAuth;

/** Images that are here, and a registry that opens to one user. Any thread may call. */
final class ScriptedImages implements ImageService {
  final Map<String, Image> here = new HashMap<>();
  final List<String> pulls = new CopyOnWriteArrayList<>();
  final AtomicInteger looks = new AtomicInteger();
  final AtomicInteger atOnce = new AtomicInteger();
  final AtomicInteger mostAtOnce = new AtomicInteger();
  volatile Optional<String> opensTo = Optional.empty();
  volatile Optional<String> refusal = Optional.empty();
  volatile CountDownLatch held = new CountDownLatch(0);
  volatile CountDownLatch heldLooks = new CountDownLatch(0);

  synchronized void add(String name) {
    here.put(
        name, new Image("sha256:" + name, List.of(name), List.of(), 7, Optional.empty(), false));
  }

  @Override
  public String pullImage(
      ImageSpec image, Optional<RegistryAuth> auth, Optional<PodSandboxConfig> sandbox)
      throws InterruptedException {
    pulls.add(image.image() + auth.map(a -> " " + a.username()).orElse(""));
    mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
    try {
      held.await();
    } finally {
      atOnce.decrementAndGet();
    }
    if (refusal.isPresent()) {
      throw new CriException.Rejected("PullImage", image.image(), refusal.get(), true, null);
    }
    if (opensTo.isPresent() && !auth.map(RegistryAuth::username).equals(opensTo)) {
      throw new CriException.Rejected(
          "PullImage",
          image.image(),
          "unauthorized" + auth.map(a -> ": " + a.username()).orElse(""),
          true,
          null);
    }
    add(image.image());
    return image.image();
  }

  @Override
  public Optional<Image> imageStatus(ImageSpec image) throws InterruptedException {
    looks.incrementAndGet();
    heldLooks.await();
    synchronized (this) {
      return Optional.ofNullable(here.get(image.image()));
    }
  }

  @Override
  public List<Image> listImages() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void removeImage(ImageSpec image) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ImageFsInfo imageFsInfo() {
    throw new UnsupportedOperationException();
  }
}
