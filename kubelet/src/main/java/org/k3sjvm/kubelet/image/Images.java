package org.k3sjvm.kubelet.image;

import io.fabric8.kubernetes.api.model.Container;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.k3sjvm.base.time.GoDurations;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Sees to it that an image is on the node. Looks and pulls that are equal and at the same time are
 * one. Any thread may call; interrupts end the wait. How long to wait after a failed pull is left
 * to the caller.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/images/image_manager.go.
 */
public final class Images {
  private static final String PULL_FAILED = "ErrImagePull";
  private static final String UNAVAILABLE = "RegistryUnavailable";
  private static final String UNSIGNED = "SignatureValidationFailed";

  private final ImageService service;
  private final Puller puller;
  private final InstantSource clock;
  private final SharedCalls<String, Optional<Image>> looks = new SharedCalls<>();

  /** Credentials for a pull, looked up only when there is one. */
  @FunctionalInterface
  public interface Credentials {
    /**
     * To try in this order; empty for an anonymous pull.
     *
     * @param repository in full, without tag and digest
     * @throws IllegalArgumentException when what the pod brings cannot be read; the message names
     *     the object and shows none of it
     */
    List<Credential> find(String repository) throws InterruptedException;
  }

  /** Nothing pulled yet. */
  public Images(
      ImageService service, ImageSettings settings, InstantSource clock, Sleeper sleeper) {
    this.service = service;
    this.clock = clock;
    puller = new Puller(service, settings, clock, sleeper);
  }

  /**
   * The image of a container, pulled if its policy says so.
   *
   * @param credentials to try, the closest first
   * @param events hears what users should read
   * @throws ImageException when it cannot be had
   */
  public Image ensure(
      Container container,
      Optional<PodSandboxConfig> sandbox,
      Credentials credentials,
      Consumer<PodEvent> events)
      throws InterruptedException {
    return ensure(
        Objects.requireNonNullElse(container.getImage(), ""),
        Optional.ofNullable(container.getImagePullPolicy()),
        sandbox,
        credentials,
        events);
  }

  /**
   * An image, pulled if the policy says so.
   *
   * @param pullPolicy as the API names it; empty for the default
   * @param credentials to try, the closest first
   * @param events hears what users should read
   * @throws ImageException when it cannot be had
   */
  public Image ensure(
      String wanted,
      Optional<String> pullPolicy,
      Optional<PodSandboxConfig> sandbox,
      Credentials credentials,
      Consumer<PodEvent> events)
      throws InterruptedException {
    ImageName name = parse(wanted, events);
    String policy = pullPolicy.filter(p -> !p.isEmpty()).orElseGet(name::defaultPolicy);
    if (!policy.equals("Always")) {
      Optional<Image> present = look(name, events);
      if (present.isPresent()) {
        events.accept(
            PodEvent.normal(
                "Pulled",
                "Container image \""
                    + wanted
                    + "\" already present on machine and can be accessed by the pod"));
        return present.get();
      }
      if (policy.equals("Never")) {
        String message =
            "Container image \"" + wanted + "\" is not present with pull policy of Never";
        events.accept(PodEvent.warning("ErrImageNeverPull", message));
        throw new ImageException("ErrImageNeverPull", message);
      }
    }
    return pull(name, sandbox, credentials, events);
  }

  private static ImageName parse(String wanted, Consumer<PodEvent> events) {
    try {
      return ImageName.parse(wanted);
    } catch (IllegalArgumentException e) {
      String message =
          "Failed to apply default image tag \"" + shortened(wanted) + "\": " + e.getMessage();
      events.accept(PodEvent.warning("InspectFailed", message));
      throw new ImageException("InvalidImageName", message);
    }
  }

  private static String shortened(String name) {
    int most = 256;
    return name.length() <= most ? name : name.substring(0, most) + "…";
  }

  private Optional<Image> look(ImageName name, Consumer<PodEvent> events)
      throws InterruptedException {
    String tagged = name.tagged();
    try {
      return looks.get(tagged, () -> service.imageStatus(ImageSpec.of(tagged)));
    } catch (CriException e) {
      String message = "Failed to inspect image \"" + name.text() + "\": " + e.detail();
      events.accept(PodEvent.warning("InspectFailed", message));
      throw new ImageException("ImageInspectError", message);
    }
  }

  private Image pull(
      ImageName name,
      Optional<PodSandboxConfig> sandbox,
      Credentials credentials,
      Consumer<PodEvent> events)
      throws InterruptedException {
    String text = name.text();
    List<Credential> tries;
    try {
      tries = credentials.find(name.repository());
    } catch (IllegalArgumentException e) {
      throw new ImageException(PULL_FAILED, String.valueOf(e.getMessage()));
    }
    events.accept(PodEvent.normal("Pulling", "Pulling image \"" + text + "\""));
    Instant began = clock.instant();
    Map<String, String> annotations = sandbox.map(PodSandboxConfig::annotations).orElseGet(Map::of);
    ImageSpec spec = new ImageSpec(name.tagged(), annotations, "", "", "");
    Puller.Pulled pulled;
    try {
      pulled = puller.pull(spec, sandbox, tries);
    } catch (Puller.PullException e) {
      String why = String.valueOf(e.getMessage());
      events.accept(PodEvent.warning("Failed", "Failed to pull image \"" + text + "\": " + why));
      throw refused(text, why);
    }
    Duration waited = Duration.between(began, clock.instant());
    Duration took = pulled.took().compareTo(waited) < 0 ? pulled.took() : waited;
    events.accept(
        PodEvent.normal(
            "Pulled",
            "Successfully pulled image \""
                + text
                + "\" in "
                + GoDurations.text(took)
                + " ("
                + GoDurations.text(waited)
                + " including waiting). Image size: "
                + pulled.image().sizeBytes()
                + " bytes."));
    return pulled.image();
  }

  /** Runtimes begin some errors with a word that has a status of its own. */
  private static ImageException refused(String image, String why) {
    if (why.startsWith(UNAVAILABLE)) {
      return new ImageException(
          UNAVAILABLE,
          "image pull failed for "
              + image
              + " because the registry is unavailable"
              + why.substring(UNAVAILABLE.length()));
    }
    if (why.startsWith(UNSIGNED)) {
      return new ImageException(
          UNSIGNED,
          "image pull failed for "
              + image
              + " because the signature validation failed"
              + why.substring(UNSIGNED.length()));
    }
    return new ImageException(PULL_FAILED, why);
  }
}
