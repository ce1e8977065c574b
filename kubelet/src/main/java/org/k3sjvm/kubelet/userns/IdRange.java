package org.k3sjvm.kubelet.userns;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Ids of the host that are for pods; each pod gets {@link #PER_POD} of them.
 *
 * @param first a multiple of {@link #PER_POD}, and not 0
 * @param pods how many pods fit in
 */
public record IdRange(long first, int pods) {
  /** Source: kubelet v1.36 userNamespaces.idsPerPod. */
  public static final int PER_POD = 65536;

  /** Everything above the host's own users. */
  public static final IdRange DEFAULT = new IdRange(PER_POD, PER_POD - 1);

  public IdRange {
    if (first % PER_POD != 0 || first < PER_POD || pods < 1) {
      throw new IllegalArgumentException(
          "ids for pods begin at a multiple of " + PER_POD + " and not at 0: " + first);
    }
  }

  /**
   * What the administrator granted to the user {@code kubelet}, the same users and groups; all ids
   * when there is no such user or no grant.
   *
   * @throws IllegalArgumentException when the grant cannot serve; the message says why
   */
  public static IdRange granted(Path etc) throws IOException {
    if (lines(etc.resolve("passwd")).noneMatch(l -> l.startsWith("kubelet:"))) {
      return DEFAULT;
    }
    List<String> users = lines(etc.resolve("subuid")).filter(IdRange::isKubelets).toList();
    List<String> groups = lines(etc.resolve("subgid")).filter(IdRange::isKubelets).toList();
    if (users.isEmpty() && groups.isEmpty()) {
      return DEFAULT;
    }
    if (!users.equals(groups)) {
      throw new IllegalArgumentException("mismatched subuids and subgids for user \"kubelet\"");
    }
    if (users.size() != 1) {
      throw new IllegalArgumentException("user \"kubelet\" needs one line in subuid and subgid");
    }
    return parse(users.getFirst()).orElseThrow(() -> bad(users.getFirst()));
  }

  private static Optional<IdRange> parse(String line) {
    String[] parts = line.split(":", -1);
    if (parts.length != 3 || !Stream.of(parts[1], parts[2]).allMatch(IdRange::isNumber)) {
      return Optional.empty();
    }
    long count = Long.parseLong(parts[2]);
    if (count % PER_POD != 0 || count < PER_POD) {
      throw bad(line);
    }
    return Optional.of(new IdRange(Long.parseLong(parts[1]), Math.toIntExact(count / PER_POD)));
  }

  private static IllegalArgumentException bad(String line) {
    return new IllegalArgumentException(
        "ids granted to kubelet are not kubelet:first:count in multiples of "
            + PER_POD
            + ": "
            + line);
  }

  private static boolean isNumber(String text) {
    return text.matches("[0-9]{1,10}");
  }

  private static boolean isKubelets(String line) {
    return line.startsWith("kubelet:");
  }

  private static Stream<String> lines(Path file) throws IOException {
    return Files.exists(file)
        ? Files.readString(file, StandardCharsets.ISO_8859_1).lines()
        : Stream.empty();
  }
}
