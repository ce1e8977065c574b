package org.k3sjvm.containerd.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.containerd.Containerd;
import org.k3sjvm.containerd.config.Schema;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the images of {@code <agent>/images} into containerd: {@link #importAll} once before pods
 * start, {@link #run} what comes later. A file that is bad is logged and passed over.
 *
 * <p>Source: k3s v1.36 pkg/agent/containerd, PreloadImages and watchImages.
 */
public final class ImagePreload implements Service {
  private static final Logger log = LoggerFactory.getLogger(ImagePreload.class);

  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  /** Marks images that garbage collection leaves, for us and for the CRI. */
  private static final String OUR_PIN = "io.cattle.k3s.pinned";

  private static final String CRI_PIN = "io.cri-containerd.pinned";
  private static final String PINNED = "pinned";

  private final Path directory;
  private final Optional<Ctr> ctr;
  private final ImageService images;
  private final List<String> registries;
  private final Sleeper sleeper;
  private final Map<Path, Seen> done = new HashMap<>();
  private Map<Path, Seen> last = Map.of();

  private ImagePreload(
      Path directory,
      Optional<Ctr> ctr,
      ImageService images,
      List<String> registries,
      Sleeper sleeper) {
    this.directory = directory;
    this.ctr = ctr;
    this.images = images;
    this.registries = registries;
    this.sleeper = sleeper;
  }

  /**
   * The preload of a containerd of ours. Its directory need not exist, and may appear later;
   * without containerd's own client archives are not imported.
   *
   * @param registries whose names images get besides their own
   */
  public static ImagePreload of(
      Containerd containerd, ImageService images, List<String> registries) {
    return new ImagePreload(
        containerd.imagesDir(),
        containerd
            .client()
            .map(
                program ->
                    new Ctr(
                        program,
                        containerd.endpoint().socket(),
                        containerd.version().schema() == Schema.V3)),
        images,
        List.copyOf(registries),
        Sleeper.SYSTEM);
  }

  /** Imports what is there; the runtime must be ready. Returns when all is done. */
  public void importAll() throws InterruptedException {
    last = look();
    if (last.isEmpty()) {
      return;
    }
    ImageCache cache = ImageCache.read(directory);
    Set<String> wanted = new LinkedHashSet<>();
    for (Map.Entry<Path, Seen> file : last.entrySet()) {
      wanted.addAll(take(file.getKey(), file.getValue(), cache));
    }
    Set<String> pinned = pinned();
    for (String name : pinned) {
      if (!wanted.contains(name)) {
        label(name, "");
      }
    }
    for (String name : wanted) {
      if (!pinned.contains(name)) {
        label(name, PINNED);
      }
    }
    cache.save(last.keySet());
  }

  /** Imports files that appear or change, once they keep their size from one look to the next. */
  @Override
  public void run() throws InterruptedException {
    while (true) {
      sleeper.sleep(LOOK_EVERY);
      Map<Path, Seen> now = look();
      for (Map.Entry<Path, Seen> file : now.entrySet()) {
        boolean settled = file.getValue().equals(last.get(file.getKey()));
        if (settled && !file.getValue().equals(done.get(file.getKey()))) {
          ImageCache cache = ImageCache.read(directory);
          for (String name : take(file.getKey(), file.getValue(), cache)) {
            label(name, PINNED);
          }
          cache.save(now.keySet());
        }
      }
      done.keySet().retainAll(now.keySet());
      last = now;
    }
  }

  private List<String> take(Path file, Seen seen, ImageCache cache) throws InterruptedException {
    done.put(file, seen);
    Instant modified = seen.modified().toInstant();
    Optional<List<String>> known = cache.imagesOf(file, seen.bytes(), modified);
    if (known.isPresent()) {
      return known.get();
    }
    long begun = System.nanoTime();
    try {
      ImageArchive kind = ImageArchive.of(file).orElseThrow();
      List<String> names =
          named(kind == ImageArchive.NAMES ? pull(file) : importArchive(file, kind));
      cache.put(file, seen.bytes(), modified, names);
      log.atInfo()
          .addKeyValue("file", file)
          .addKeyValue("images", String.join(",", names))
          .addKeyValue("took", Duration.ofNanos(System.nanoTime() - begun))
          .log("images imported");
      return names;
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", e.getMessage())
          .log("image file skipped");
      return List.of();
    }
  }

  private List<String> importArchive(Path file, ImageArchive kind)
      throws IOException, InterruptedException {
    return ctr.orElseThrow(
            () -> new IOException("ctr is not on the PATH; apt-get install -y containerd"))
        .importArchive(file, kind);
  }

  private List<String> pull(Path file) throws IOException, InterruptedException {
    List<String> names =
        Files.readAllLines(file).stream().map(String::strip).filter(s -> !s.isEmpty()).toList();
    for (String name : names) {
      try {
        if (images.imageStatus(ImageSpec.of(name)).isEmpty()) {
          images.pullImage(ImageSpec.of(name), Optional.empty(), Optional.empty());
        }
      } catch (CriException e) {
        log.atWarn()
            .addKeyValue("file", file)
            .addKeyValue("image", name)
            .addKeyValue("reason", e.getMessage())
            .log("image not pulled");
      }
    }
    return names;
  }

  /** Gives images their further names; the answer has all. */
  private List<String> named(List<String> names) throws InterruptedException {
    List<String> all = new ArrayList<>(names);
    if (ctr.isPresent()) {
      for (String name : names) {
        try {
          Optional<String> digest = ctr.get().digest(name);
          if (digest.isPresent()) {
            for (String further : ImageNames.further(name, digest.get(), registries)) {
              ctr.get().tag(name, further);
              all.add(further);
            }
          }
        } catch (IOException e) {
          log.atWarn()
              .addKeyValue("image", name)
              .addKeyValue("reason", e.getMessage())
              .log("image gets no further names");
        }
      }
    }
    return all;
  }

  /** Pins of files that are gone since the last start do not stay. */
  private Set<String> pinned() throws InterruptedException {
    if (ctr.isEmpty()) {
      return Set.of();
    }
    try {
      return new LinkedHashSet<>(ctr.get().list("labels.\"" + OUR_PIN + "\"==" + PINNED));
    } catch (IOException e) {
      log.atWarn().addKeyValue("reason", e.getMessage()).log("image pins cannot be listed");
      return Set.of();
    }
  }

  /** Garbage collection leaves images with the label; an empty value takes it off. */
  private void label(String name, String value) throws InterruptedException {
    if (ctr.isPresent()) {
      try {
        ctr.get().label(name, List.of(OUR_PIN + "=" + value, CRI_PIN + "=" + value));
      } catch (IOException e) {
        log.atDebug()
            .addKeyValue("image", name)
            .addKeyValue("reason", e.getMessage())
            .log("image label not set");
      }
    }
  }

  /** By path, so that the order of import is the same each time. */
  private Map<Path, Seen> look() {
    Map<Path, Seen> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .filter(file -> ImageArchive.of(file).isPresent() && Files.isRegularFile(file))
          .forEach(file -> seen(file).ifPresent(seen -> found.put(file, seen)));
    } catch (NoSuchFileException e) {
      return Map.of();
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("directory", directory)
          .addKeyValue("reason", e.toString())
          .log("image directory cannot be read");
    }
    return found;
  }

  private static Optional<Seen> seen(Path file) {
    try {
      return Optional.of(new Seen(Files.size(file), Files.getLastModifiedTime(file)));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  private record Seen(long bytes, FileTime modified) {}
}
