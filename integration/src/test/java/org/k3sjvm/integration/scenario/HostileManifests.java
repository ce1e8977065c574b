package org.k3sjvm.integration.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files in the directory of static pods of which only one is a pod. */
final class HostileManifests {
  /** The one that is; its pod is called good. */
  static final String GOOD = "m-good.yaml";

  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: %s}
      spec:
        terminationGracePeriodSeconds: 1
      %s
      """;

  /** A file that is not taken. */
  record Manifest(String name, Content content) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** Makes the file. */
  @FunctionalInterface
  interface Content {
    void write(Path file, Path bait) throws IOException;
  }

  static final List<Manifest> BAD =
      List.of(
          text("broken.yaml", "apiVersion: v1\nkind: [Pod"),
          text("empty.yaml", ""),
          text("no-object.yaml", "just words"),
          text("of-no-kind.yaml", "{}"),
          text("of-another-kind.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}"),
          text("laughs.yaml", laughs()),
          text("deep.yaml", "[".repeat(100_000)),
          text("circle.yaml", "apiVersion: v1\nkind: Pod\nmetadata: &m {name: c, labels: *m}"),
          text("other-types.yaml", "apiVersion: v1\nkind: Pod\nmetadata: [1]\nspec: 7"),
          text("nothing-inside.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: null"),
          pod("null-container.yaml", "nullc", "containers: [null]"),
          pod("null-volume.yaml", "nullv", HostileRow.solo() + "\nvolumes: [null]"),
          pod("null-variable.yaml", "nulle", HostileRow.solo("env: [null]")),
          pod("name-with-dots.yaml", "../../x", HostileRow.solo()),
          pod("name-too-long.yaml", "n".repeat(253), HostileRow.solo()),
          pod("uid-with-dots.yaml", "u, uid: ../../x", HostileRow.solo()),
          pod("uid-of-dots.yaml", "u, uid: ..", HostileRow.solo()),
          pod("namespace-with-dots.yaml", "n, namespace: ../x", HostileRow.solo()),
          pod(
              "container-with-dots.yaml",
              "c",
              "containers: [" + HostileRow.container("../x") + "]"),
          pod(
              "volume-with-dots.yaml",
              "v",
              HostileRow.solo() + "\nvolumes: [{name: ../x, emptyDir: {}}]"),
          pod(
              "more-than-limit.yaml",
              "m",
              HostileRow.solo("resources: {requests: {cpu: 2m}, limits: {cpu: 1m}}")),
          pod("less-than-nothing.yaml", "l", HostileRow.solo("resources: {limits: {cpu: -1}}")),
          pod("no-quantity.yaml", "q", HostileRow.solo("resources: {limits: {cpu: much}}")),
          pod(
              "no-such-volume.yaml",
              "o",
              HostileRow.solo("volumeMounts: [{name: x, mountPath: /x}]")),
          pod(
              "object-of-the-server.yaml",
              "s",
              "serviceAccountName: default\n" + HostileRow.solo()),
          new Manifest(
              "huge.yaml",
              (file, bait) ->
                  Files.write(
                      file,
                      ("#" + "x".repeat(11 << 20))
                          .getBytes(java.nio.charset.StandardCharsets.UTF_8))),
          new Manifest("bytes.yaml", (file, bait) -> Files.write(file, new byte[] {0, -1, -2, 3})),
          new Manifest("pipe.yaml", (file, bait) -> pipe(file)),
          new Manifest("directory.yaml", (file, bait) -> Files.createDirectory(file)),
          new Manifest("link-to-directory.yaml", Files::createSymbolicLink),
          new Manifest("link-to-zeros.yaml", (file, bait) -> link(file, "/dev/zero")),
          new Manifest("link-to-itself.yaml", (file, bait) -> link(file, "link-to-itself.yaml")),
          new Manifest("link-to-words.yaml", (file, bait) -> link(file, bait + "/file")));

  private HostileManifests() {}

  /** Writes them all, the good one in the middle. */
  static void write(Path directory, Path bait) throws IOException {
    for (Manifest manifest : BAD) {
      manifest.content().write(directory.resolve(manifest.name()), bait);
    }
    link(directory.resolve("link-to-nowhere.yaml"), bait + "/none");
    Files.writeString(directory.resolve(GOOD), POD.formatted("good", "  " + HostileRow.solo()));
  }

  private static Manifest text(String name, String text) {
    return new Manifest(name, (file, bait) -> Files.writeString(file, text));
  }

  private static Manifest pod(String file, String name, String spec) {
    return text(file, POD.formatted(name, spec.indent(2)));
  }

  private static void link(Path file, String to) throws IOException {
    Files.createSymbolicLink(file, Path.of(to));
  }

  private static void pipe(Path file) throws IOException {
    try {
      int code = new ProcessBuilder("mkfifo", file.toString()).start().waitFor();
      if (code != 0) {
        throw new IOException("mkfifo: " + code);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** A few lines that would be a thousand million words. */
  private static String laughs() {
    StringBuilder text = new StringBuilder("a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n");
    for (char c = 'b'; c <= 'i'; c++) {
      String before = "*" + (char) (c - 1);
      text.append(c).append(": &").append(c).append(" [");
      text.append(String.join(", ", java.util.Collections.nCopies(10, before))).append("]\n");
    }
    return text.toString();
  }
}
