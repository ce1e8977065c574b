package org.k3sjvm.kubelet.source.fixed;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kubelet.source.PodListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the manifests of a directory, one pod in each file, or a single file. The kernel tells of
 * changes; besides, everything is looked at from time to time. A manifest that cannot be read does
 * not touch the others, and while it is being written its pod stays as it was.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/config/file.go and file_linux.go.
 */
public final class FileSource implements Service {
  private static final Logger log = LoggerFactory.getLogger(FileSource.class);

  /** Files are written in several steps; a moment later they are whole. */
  private static final Duration SETTLE = Duration.ofMillis(50);

  private static final Duration WATCH_RETRY = Duration.ofSeconds(1);

  private final Path path;
  private final Duration period;
  private final Manifests manifests;
  private final StaticSet set;
  private Map<Path, Known> known = new HashMap<>();
  private boolean failing;

  /** A file as it was read; no pod when nothing could be made of it. */
  private record Known(Stamp stamp, Optional<Pod> pod) {}

  /** Two looks at the same content have the same stamp. */
  private record Stamp(@Nullable Object key, long size, long modified) {
    static final Stamp NONE = new Stamp(null, -1, 0);
  }

  /**
   * A source that has not begun.
   *
   * @param path a directory or a file; may come into being later
   * @param node this node's name
   * @param period how often to look without being told of a change
   */
  public FileSource(
      Path path, String node, Duration period, PodListener listener, InstantSource clock) {
    this.path = path.toAbsolutePath().normalize();
    this.period = period;
    this.manifests = new Manifests(node);
    this.set = new StaticSet(listener, clock);
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      look(false);
      if (Files.exists(path)) {
        watch();
      } else {
        // The directory is cheap to look for, and nobody tells that it is there.
        TimeUnit.NANOSECONDS.sleep(Math.min(period.toNanos(), WATCH_RETRY.toNanos()));
      }
    }
  }

  /** Returns when the path itself has changed. */
  private void watch() throws InterruptedException {
    Path directory = Files.isDirectory(path) ? path : Objects.requireNonNull(path.getParent());
    try (WatchService service = directory.getFileSystem().newWatchService()) {
      directory.register(
          service,
          StandardWatchEventKinds.ENTRY_CREATE,
          StandardWatchEventKinds.ENTRY_MODIFY,
          StandardWatchEventKinds.ENTRY_DELETE);
      look(false); // what changed before the watch began
      while (true) {
        WatchKey key = service.poll(period.toNanos(), TimeUnit.NANOSECONDS);
        if (key != null) {
          TimeUnit.NANOSECONDS.sleep(SETTLE.toNanos());
          key.pollEvents();
        }
        look(key != null);
        if ((key != null && !key.reset()) || !Files.exists(path)) {
          return;
        }
      }
    } catch (IOException | ClosedWatchServiceException e) {
      log.atWarn()
          .setCause(e)
          .addKeyValue("path", path)
          .addKeyValue("retryIn", period)
          .log("cannot watch manifests");
      TimeUnit.NANOSECONDS.sleep(period.toNanos());
    }
  }

  /**
   * One look.
   *
   * @param changing whether files may be half written: their pods then stay
   */
  void look(boolean changing) throws InterruptedException {
    List<Path> files;
    try {
      files = files();
      failing = false;
    } catch (IOException e) {
      if (!failing) {
        log.atWarn().setCause(e).addKeyValue("path", path).log("cannot list manifests");
      }
      failing = true;
      return;
    }
    Map<Path, Known> now = new HashMap<>();
    Map<String, Pod> pods = new LinkedHashMap<>();
    for (Path file : files) {
      Optional<Known> read = read(file, changing);
      read.ifPresent(k -> now.put(file, k));
      read.flatMap(Known::pod)
          .ifPresent(
              p -> pods.put(p.getMetadata().getNamespace() + "/" + p.getMetadata().getName(), p));
    }
    known = now;
    set.set(List.copyOf(pods.values()));
  }

  private List<Path> files() throws IOException {
    if (!Files.exists(path)) {
      return List.of();
    }
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(path, f -> !String.valueOf(f.getFileName()).startsWith("."))) {
      entries.forEach(files::add);
    } catch (NoSuchFileException e) {
      return List.of();
    }
    files.sort(null);
    return files;
  }

  private Optional<Known> read(Path file, boolean changing) {
    Known before = known.get(file);
    Stamp stamp = Stamp.NONE;
    try {
      BasicFileAttributes is = Files.readAttributes(file, BasicFileAttributes.class);
      stamp = new Stamp(is.fileKey(), is.size(), is.lastModifiedTime().to(TimeUnit.NANOSECONDS));
      if (before != null && before.stamp().equals(stamp)) {
        return Optional.of(before);
      }
      if (!is.isRegularFile()) {
        throw new ManifestException("it is not a file");
      }
      try (InputStream in = Files.newInputStream(file)) {
        Pod pod = manifests.ofFile(Manifests.read(in), file.toString());
        return Optional.of(new Known(stamp, Optional.of(pod)));
      }
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | ManifestException | RuntimeException e) { // one file, not all
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", e instanceof RuntimeException ? e.toString() : e.getMessage())
          .log("cannot use manifest");
      // What was read and is no pod stays none until it changes; the rest is looked at again.
      return Optional.of(
          changing || !(e instanceof ManifestException)
              ? new Known(Stamp.NONE, changing && before != null ? before.pod() : Optional.empty())
              : new Known(stamp, Optional.empty()));
    }
  }
}
