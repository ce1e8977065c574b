package org.k3sjvm.containerd.image;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How an archive of images is compressed, by the end of its name; case matters. */
enum ImageArchive {
  /** As it is. */
  PLAIN(".tar", ""),
  GZIP(".tar.gz .tgz", "gzip -dc"),
  BZIP2(".tar.bz2 .tbz", "bzip2 -dc"),
  ZSTD(".tar.zst .tzst", "zstd -dc --memory=32MiB"),
  LZ4(".tar.lz4", "lz4 -dc"),
  /** No archive: names of images to pull, one on each line. */
  NAMES(".txt", "");

  private final String suffixes;
  private final String unpack;

  ImageArchive(String suffixes, String unpack) {
    this.suffixes = suffixes;
    this.unpack = unpack;
  }

  /** The command that writes the plain archive to its output; empty when there is nothing to do. */
  List<String> unpack() {
    return unpack.isEmpty() ? List.of() : List.of(unpack.split(" ", -1));
  }

  /** Empty for a file that is none of ours. Source: k3s v1.36 pkg/agent/containerd, tarfile. */
  static Optional<ImageArchive> of(Path file) {
    String name = String.valueOf(file.getFileName());
    for (ImageArchive kind : values()) {
      if (Arrays.stream(kind.suffixes.split(" ", -1)).anyMatch(name::endsWith)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
