package org.k3sjvm.containerd.image;

import java.util.List;
import java.util.Objects;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;

/** What is kept of imported images. */
public final class FuzzedImages implements FuzzTargets {
  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.file(
                "cache of images",
                ".cache.json",
                file -> ImageCache.read(Objects.requireNonNull(file.getParent())))
            .seeds(
                "{\"/a.tar\":{\"size\":7,\"modTime\":\"2026-01-01T00:00:00Z\",\"images\":[\"b:1\"]}}\n"),
        FuzzTarget.text(
                "name of an image", text -> ImageNames.further(text, "sha256:1", List.of("a", "b")))
            .seeds("docker.io/library/busybox:1", "a/b@sha256:00", "a:5000/b"));
  }
}
