package org.k3sjvm.kubelet.volume;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of a volume.
 *
 * @param files by relative path with slashes
 */
record Payload(SortedMap<String, File> files) {
  /**
   * One file.
   *
   * @param content not copied
   * @param mode permissions, such as 0644
   * @param owner user id, or {@link #ROOT}
   */
  record File(@SuppressWarnings("ArrayRecordComponent") byte[] content, int mode, int owner) {}

  static final int ROOT = 0;

  private static final int LONGEST_PATH = 4096;
  private static final int LONGEST_NAME = 255;

  Payload {
    files.keySet().forEach(Payload::check);
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /** Collects files; the last one of a path wins. */
  static final class Builder {
    private final SortedMap<String, File> files = new TreeMap<>();

    void add(String path, byte[] content, int mode) {
      files.put(normalize(path), new File(content, mode, ROOT));
    }

    void add(String path, String content, int mode) {
      add(path, content.getBytes(StandardCharsets.UTF_8), mode);
    }

    void addOwned(String path, String content, int mode, int owner) {
      files.put(normalize(path), new File(content.getBytes(StandardCharsets.UTF_8), mode, owner));
    }

    Payload build() {
      return new Payload(files);
    }

    private static String normalize(String path) {
      return path.replaceAll("/+", "/").replaceAll("^(\\./)+", "");
    }
  }

  /** Source: kubelet v1.36 pkg/volume/util/atomic_writer.go, validatePath. */
  private static void check(String path) {
    if (path.isEmpty()
        || path.startsWith("/")
        || path.startsWith("..")
        || path.length() > LONGEST_PATH) {
      throw new VolumeException("invalid path: " + path);
    }
    for (String name : path.split("/", -1)) {
      if (name.equals("..") || name.isEmpty() || name.length() > LONGEST_NAME) {
        throw new VolumeException("invalid path: " + path);
      }
    }
  }
}
