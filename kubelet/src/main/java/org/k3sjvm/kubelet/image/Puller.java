package org.k3sjvm.kubelet.image;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.concurrent.Semaphore;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.RegistryAuth;

/**
 * Pulls, so many at a time. Equal pulls at the same time are one. Any thread; interrupts end a pull
 * that nobody else waits for.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/images/puller.go and kuberuntime_image.go.
 */
final class Puller {
  private final ImageService service;
  private final Optional<Semaphore> places;
  private final PullRate rate;
  private final InstantSource clock;
  private final SharedCalls<Key, Pulled> shared = new SharedCalls<>();

  /** What makes two pulls equal. */
  private record Key(
      String image, String runtimeHandler, List<RegistryAuth> auths, String namespace) {}

  /**
   * An image that was pulled.
   *
   * @param took without waiting for a place
   * @param credential that opened the registry; empty when none was needed
   */
  record Pulled(Image image, Duration took, Optional<Credential> credential) {}

  /** The registry or the runtime did not give it; the message joins what each try met. */
  static final class PullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PullException(String message) {
      super(message);
    }
  }

  Puller(ImageService service, ImageSettings settings, InstantSource clock, Sleeper sleeper) {
    this.service = service;
    this.clock = clock;
    places =
        settings.parallelPulls() == 0
            ? Optional.empty()
            : Optional.of(new Semaphore(settings.parallelPulls(), true));
    rate = new PullRate(settings.registryQps(), settings.registryBurst(), clock, sleeper);
  }

  /**
   * The image, fresh from its registry.
   *
   * @param credentials tried in order; empty for an anonymous pull
   * @throws PullException when no try succeeds
   */
  Pulled pull(ImageSpec image, Optional<PodSandboxConfig> sandbox, List<Credential> credentials)
      throws InterruptedException {
    Key key =
        new Key(
            image.image(),
            image.runtimeHandler(),
            credentials.stream().map(Credential::auth).toList(),
            sandbox.map(s -> s.metadata().namespace()).orElse(""));
    return shared.get(key, () -> inPlace(image, sandbox, credentials));
  }

  private Pulled inPlace(
      ImageSpec image, Optional<PodSandboxConfig> sandbox, List<Credential> credentials)
      throws InterruptedException {
    if (places.isEmpty()) {
      return now(image, sandbox, credentials);
    }
    Semaphore place = places.get();
    place.acquire();
    try {
      return now(image, sandbox, credentials);
    } finally {
      place.release();
    }
  }

  private Pulled now(
      ImageSpec image, Optional<PodSandboxConfig> sandbox, List<Credential> credentials)
      throws InterruptedException {
    rate.await();
    Instant began = clock.instant();
    List<Optional<Credential>> tries =
        credentials.isEmpty()
            ? List.of(Optional.empty())
            : credentials.stream().map(Optional::of).toList();
    SequencedSet<String> faults = new LinkedHashSet<>();
    for (Optional<Credential> credential : tries) {
      try {
        String ref = service.pullImage(image, credential.map(Credential::auth), sandbox);
        Image pulled =
            service
                .imageStatus(new ImageSpec(ref, Map.of(), "", image.runtimeHandler(), ""))
                .orElseThrow(
                    () -> new PullException("the image was pulled and is gone: " + image.image()));
        return new Pulled(pulled, Duration.between(began, clock.instant()), credential);
      } catch (CriException e) {
        faults.add(words(e));
      }
    }
    throw new PullException(
        faults.size() == 1 ? faults.getFirst() : "[" + String.join(", ", faults) + "]");
  }

  /** The runtime's words; upstream shows the code of errors that have one. */
  private static String words(CriException e) {
    return e instanceof CriException.NotFound
        ? "rpc error: code = NotFound desc = " + e.detail()
        : e.detail();
  }
}
