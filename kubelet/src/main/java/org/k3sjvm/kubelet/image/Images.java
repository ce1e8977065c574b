package org.k3sjvm.kubelet.image;

import io.fabric8.kubernetes.api.model.Container;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Sees to it that an image is on the node. Some are pulled beside each other, each by one puller at
 * a time. Any thread may call; interrupts end the wait and the pull.
 */
public final class Images {
  private static final Pattern REFERENCE = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._:/@\\[\\]-]*");

  private final ImageService service;
  private final Semaphore pulls;
  private final InstantSource clock;
  private final Map<String, Turn> turns = new ConcurrentHashMap<>();

  /** Credentials for a pull, looked up only when there is one. */
  @FunctionalInterface
  public interface Credentials {
    /** To try in this order; empty for an anonymous pull. */
    List<RegistryAuth> find() throws InterruptedException;
  }

  /** One image's queue; the last one out removes it. */
  private static final class Turn {
    private final ReentrantLock lock = new ReentrantLock(true);
    private int users;
  }

  /**
   * Nothing pulled yet.
   *
   * @param parallelPulls images at one time
   */
  public Images(ImageService service, int parallelPulls, InstantSource clock) {
    this.service = service;
    this.pulls = new Semaphore(parallelPulls, true);
    this.clock = clock;
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
    String name = container.getImage();
    if (name == null || !REFERENCE.matcher(name).matches()) {
      events.accept(
          PodEvent.warning(
              "InspectFailed",
              "Failed to apply default image tag \""
                  + name
                  + "\": couldn't parse image name: invalid reference format"));
      throw new ImageException(
          "InvalidImageName", "couldn't parse image name: invalid reference format");
    }
    String tagged = withTag(name);
    String policy = policy(container.getImagePullPolicy(), tagged);
    if (!policy.equals("Always")) {
      Optional<Image> present = inspect(name, tagged, events);
      if (present.isPresent()) {
        events.accept(present(name));
        return present.get();
      }
      if (policy.equals("Never")) {
        String message =
            "Container image \"" + name + "\" is not present with pull policy of Never";
        events.accept(PodEvent.warning("ErrImageNeverPull", message));
        throw new ImageException("ErrImageNeverPull", message);
      }
    }
    return pullInTurn(name, tagged, policy, sandbox, credentials, events);
  }

  /** The name with a tag; no registry is put in front. */
  public static String withTag(String name) {
    boolean complete = name.contains("@") || name.lastIndexOf(':') > name.lastIndexOf('/');
    return complete ? name : name + ":latest";
  }

  private static String policy(String wanted, String tagged) {
    if (wanted != null && !wanted.isEmpty()) {
      return wanted;
    }
    return tagged.endsWith(":latest") ? "Always" : "IfNotPresent";
  }

  private Image pullInTurn(
      String name,
      String tagged,
      String policy,
      Optional<PodSandboxConfig> sandbox,
      Credentials credentials,
      Consumer<PodEvent> events)
      throws InterruptedException {
    Instant asked = clock.instant();
    Turn turn =
        turns.compute(
            tagged,
            (_, t) -> {
              Turn is = t == null ? new Turn() : t;
              is.users++;
              return is;
            });
    try {
      turn.lock.lockInterruptibly();
      try {
        Optional<Image> meanwhile =
            policy.equals("Always") ? Optional.empty() : inspect(name, tagged, events);
        if (meanwhile.isPresent()) {
          events.accept(present(name));
          return meanwhile.get();
        }
        pulls.acquire();
        try {
          return pull(name, tagged, asked, sandbox, credentials, events);
        } finally {
          pulls.release();
        }
      } finally {
        turn.lock.unlock();
      }
    } finally {
      turns.computeIfPresent(tagged, (_, t) -> --t.users == 0 ? null : t);
    }
  }

  private Image pull(
      String name,
      String tagged,
      Instant asked,
      Optional<PodSandboxConfig> sandbox,
      Credentials credentials,
      Consumer<PodEvent> events)
      throws InterruptedException {
    events.accept(PodEvent.normal("Pulling", "Pulling image \"" + name + "\""));
    Instant began = clock.instant();
    try {
      String ref = pullWithAny(tagged, sandbox, credentials);
      Image image =
          service
              .imageStatus(ImageSpec.of(ref))
              .orElseThrow(
                  () ->
                      new ImageException(
                          "ErrImagePull", "the image was pulled and is gone: " + tagged));
      Instant now = clock.instant();
      events.accept(
          PodEvent.normal(
              "Pulled",
              "Successfully pulled image \""
                  + name
                  + "\" in "
                  + text(Duration.between(began, now))
                  + " ("
                  + text(Duration.between(asked, now))
                  + " including waiting). Image size: "
                  + image.sizeBytes()
                  + " bytes."));
      return image;
    } catch (CriException e) {
      events.accept(
          PodEvent.warning("Failed", "Failed to pull image \"" + name + "\": " + e.detail()));
      throw new ImageException(reasonOf(e), e.detail());
    }
  }

  private String pullWithAny(String tagged, Optional<PodSandboxConfig> sandbox, Credentials lookup)
      throws InterruptedException {
    List<RegistryAuth> credentials = lookup.find();
    if (credentials.isEmpty()) {
      return service.pullImage(ImageSpec.of(tagged), Optional.empty(), sandbox);
    }
    CriException last = null;
    for (RegistryAuth auth : credentials) {
      try {
        return service.pullImage(ImageSpec.of(tagged), Optional.of(auth), sandbox);
      } catch (CriException e) {
        if (last != null) {
          e.addSuppressed(last);
        }
        last = e;
      }
    }
    throw last == null ? new IllegalStateException("no credential was tried") : last;
  }

  private Optional<Image> inspect(String name, String tagged, Consumer<PodEvent> events)
      throws InterruptedException {
    try {
      return service.imageStatus(ImageSpec.of(tagged));
    } catch (CriException e) {
      events.accept(
          PodEvent.warning(
              "InspectFailed", "Failed to inspect image \"" + name + "\": " + e.detail()));
      throw new ImageException(
          "ImageInspectError", "Failed to inspect image \"" + name + "\": " + e.detail());
    }
  }

  private static PodEvent present(String name) {
    return PodEvent.normal("Pulled", "Container image \"" + name + "\" already present on machine");
  }

  /** Runtimes begin some errors with a word that has a status of its own. */
  private static String reasonOf(CriException e) {
    for (String known : List.of("RegistryUnavailable", "SignatureValidationFailed")) {
      if (e.detail().startsWith(known)) {
        return known;
      }
    }
    return "ErrImagePull";
  }

  private static String text(Duration time) {
    long millis = time.toMillis();
    return millis < 1000 ? millis + "ms" : millis / 1000 + "." + millis % 1000 / 100 + "s";
  }
}
