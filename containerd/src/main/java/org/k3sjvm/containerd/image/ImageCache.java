package org.k3sjvm.containerd.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.yaml.PlainYaml;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * What was imported from which file, so that it is not imported again at the next start. It is kept
 * only where a user has made the file {@code .cache.json}, which may be empty.
 *
 * <p>Source: k3s v1.36 pkg/agent/containerd, conditional image imports.
 */
final class ImageCache {
  private static final Logger log = LoggerFactory.getLogger(ImageCache.class);
  private static final String NAME = ".cache.json";

  private final Path file;
  private final Map<String, Entry> entries = new TreeMap<>();

  private ImageCache(Path file) {
    this.file = file;
  }

  /** The cache of a directory; one that cannot be read counts as empty. */
  static ImageCache read(Path directory) {
    ImageCache cache = new ImageCache(directory.resolve(NAME));
    try {
      // JSON is YAML.
      Object document = PlainYaml.load(AtomicFiles.read(cache.file).orElse(""));
      if (document instanceof Map<?, ?> files) {
        files.forEach(
            (path, entry) ->
                Entry.of(entry).ifPresent(e -> cache.entries.put(String.valueOf(path), e)));
      }
    } catch (IOException | YAMLException e) {
      log.atWarn()
          .addKeyValue("file", cache.file)
          .addKeyValue("reason", e.getMessage())
          .log("image cache is not read");
    }
    return cache;
  }

  /** The images of a file that is as it was; empty when it must be imported. */
  Optional<List<String>> imagesOf(Path path, long bytes, Instant modified) {
    return Optional.ofNullable(entries.get(path.toString()))
        .filter(e -> e.bytes() == bytes && !modified.isAfter(e.modified()))
        .map(Entry::images)
        .filter(images -> !images.isEmpty());
  }

  void put(Path path, long bytes, Instant modified, List<String> images) {
    entries.put(path.toString(), new Entry(bytes, modified, images));
  }

  /** Forgets files that are gone, and writes the cache where the user wants one. */
  void save(Iterable<Path> present) {
    List<String> names = new ArrayList<>();
    present.forEach(path -> names.add(path.toString()));
    entries.keySet().retainAll(names);
    if (!Files.exists(file)) {
      return;
    }
    try {
      AtomicFiles.writeIfChanged(file, text(), "rw-r--r--");
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("reason", e.toString())
          .log("image cache is not written");
    }
  }

  private String text() {
    return entries.entrySet().stream()
        .map(e -> json(e.getKey()) + ":" + e.getValue().text())
        .collect(Collectors.joining(",\n", "{", "}\n"));
  }

  private static String json(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private record Entry(long bytes, Instant modified, List<String> images) {
    static Optional<Entry> of(Object value) {
      if (value instanceof Map<?, ?> fields
          && fields.get("size") instanceof Number size
          && fields.get("images") instanceof List<?> images) {
        try {
          return Optional.of(
              new Entry(
                  size.longValue(),
                  Instant.parse(String.valueOf(fields.get("modTime"))),
                  images.stream().map(String::valueOf).toList()));
        } catch (DateTimeException e) {
          return Optional.empty();
        }
      }
      return Optional.empty();
    }

    String text() {
      return "{\"size\":"
          + bytes
          + ",\"modTime\":"
          + json(modified.toString())
          + ",\"images\":"
          + images.stream().map(ImageCache::json).collect(Collectors.joining(",", "[", "]"))
          + "}";
    }
  }
}
