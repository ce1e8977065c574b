package org.k3sjvm.containerd.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageCacheTest {
  private static final Instant THEN = Instant.parse("2026-01-01T00:00:00.123456789Z");
  private static final Path FILE = Path.of("/a/b \"c\".tar");

  @TempDir Path directory;

  @Test
  void remembersOnlyWhereTheUserMadeTheFile() throws IOException {
    ImageCache none = ImageCache.read(directory);
    none.put(FILE, 1, THEN, List.of("x"));
    none.save(List.of(FILE));
    assertThat(directory).isEmptyDirectory();

    Files.createFile(directory.resolve(".cache.json"));
    ImageCache cache = ImageCache.read(directory);
    cache.put(FILE, 1, THEN, List.of("x", "y"));
    cache.save(List.of(FILE));
    assertThat(ImageCache.read(directory).imagesOf(FILE, 1, THEN)).contains(List.of("x", "y"));
  }

  @Test
  void forgetsFilesThatChangedOrAreGone() throws IOException {
    Files.createFile(directory.resolve(".cache.json"));
    ImageCache cache = ImageCache.read(directory);
    cache.put(FILE, 1, THEN, List.of("x"));

    assertThat(cache.imagesOf(FILE, 2, THEN)).isEmpty();
    assertThat(cache.imagesOf(FILE, 1, THEN.plusNanos(1))).isEmpty();
    assertThat(cache.imagesOf(FILE, 1, THEN.minusSeconds(1))).isPresent();
    cache.save(List.of());
    assertThat(ImageCache.read(directory).imagesOf(FILE, 1, THEN)).isEmpty();
  }

  @Test
  void readsWhatUpstreamWrites() throws IOException {
    Files.writeString(
        directory.resolve(".cache.json"),
        """
        {"/i/a.tar":{"size":10,"modTime":"2026-01-01T00:00:00Z","images":["docker.io/library/a:1"]}}
        """);

    assertThat(
            ImageCache.read(directory)
                .imagesOf(Path.of("/i/a.tar"), 10, Instant.parse("2026-01-01T00:00:00Z")))
        .contains(List.of("docker.io/library/a:1"));
  }

  @Test
  void takesABrokenFileForAnEmptyOne() throws IOException {
    Files.writeString(directory.resolve(".cache.json"), "{[");

    assertThat(ImageCache.read(directory).imagesOf(FILE, 1, THEN)).isEmpty();
  }
}
