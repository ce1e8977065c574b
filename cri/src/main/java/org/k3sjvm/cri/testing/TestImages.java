package org.k3sjvm.cri.testing;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Small images as {@code docker save} archives, made of what the host has, without a registry and
 * without a compiler.
 */
public final class TestImages {
  /** Debian's static busybox with a link for each applet; runs {@code sh}. */
  public static final String BUSYBOX = "docker.io/library/busybox:1";

  /** A program that waits; for sandboxes. */
  public static final String PAUSE = "docker.io/library/pause:1";

  private static final List<Path> BUSYBOX_PLACES =
      List.of(Path.of("/usr/bin/busybox"), Path.of("/bin/busybox"));

  private TestImages() {}

  /**
   * Writes {@link #BUSYBOX}.
   *
   * @throws IOException among others when busybox is not installed
   */
  public static void writeBusybox(Path archive) throws IOException, InterruptedException {
    writeBusybox(archive, BUSYBOX);
  }

  /** The same under another name. */
  public static void writeBusybox(Path archive, String name)
      throws IOException, InterruptedException {
    Path busybox =
        BUSYBOX_PLACES.stream()
            .filter(Files::isExecutable)
            .findFirst()
            .orElseThrow(
                () -> new IOException("busybox is missing: apt-get install busybox-static"));
    ByteArrayOutputStream layer = new ByteArrayOutputStream();
    try (Tar tar = new Tar(layer)) {
      tar.directory("bin", 0755).directory("etc", 0755).directory("root", 0700);
      tar.directory("tmp", 01777).directory("home", 0755);
      tar.file("bin/busybox", 0755, Files.readAllBytes(busybox));
      for (String applet : applets(busybox)) {
        if (!applet.equals("busybox")) {
          tar.symlink("bin/" + applet, "busybox");
        }
      }
      tar.file(
          "etc/passwd",
          0644,
          bytes("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n"));
      tar.file("etc/group", 0644, bytes("root:x:0:\nuser:x:1000:\n"));
    }
    write(
        archive,
        name,
        layer.toByteArray(),
        """
        {"Cmd":["sh"],"Env":["PATH=/bin"]}""");
  }

  /** Writes {@link #PAUSE}. */
  public static void writePause(Path archive) throws IOException {
    ByteArrayOutputStream layer = new ByteArrayOutputStream();
    try (Tar tar = new Tar(layer)) {
      tar.file("pause", 0755, pauseProgram(System.getProperty("os.arch")));
    }
    write(
        archive,
        PAUSE,
        layer.toByteArray(),
        """
        {"Entrypoint":["/pause"]}""");
  }

  private static List<String> applets(Path busybox) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(busybox.toString(), "--list").start();
    String list = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(busybox + " --list failed");
    }
    return list.lines().toList();
  }

  private static void write(Path archive, String name, byte[] layer, String run)
      throws IOException {
    String architecture = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
    byte[] config =
        bytes(
            """
            {"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}"""
                .formatted(architecture, run, sha256(layer)));
    String configName = sha256(config) + ".json";
    byte[] manifest =
        bytes(
            """
            [{"Config":"%s","RepoTags":["%s"],"Layers":["layer/layer.tar"]}]"""
                .formatted(configName, name));
    try (Tar tar = new Tar(new BufferedOutputStream(Files.newOutputStream(archive)))) {
      tar.file(configName, 0644, config);
      tar.file("layer/layer.tar", 0644, layer);
      tar.file("manifest.json", 0644, manifest);
    }
  }

  /** A static ELF program of one segment: wait for a signal, for ever. */
  private static byte[] pauseProgram(String architecture) {
    boolean arm = architecture.equals("aarch64");
    String code =
        arm
            // x0..x3 = 0; x8 = 73 (ppoll); svc 0; back to the first
            ? "000080d2 010080d2 020080d2 030080d2 280980d2 010000d4 faffff17"
            // eax = 34 (pause); syscall; back to the first
            : "b822000000 0f05 ebf7";
    byte[] program = HexFormat.of().parseHex(code.replace(" ", ""));
    int headers = 64 + 56; // ELF header + one program header
    long base = 0x400000;
    ByteBuffer elf = ByteBuffer.allocate(headers + program.length).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(HexFormat.of().parseHex("7f454c46020101000000000000000000"));
    elf.putShort((short) 2).putShort((short) (arm ? 183 : 62)).putInt(1);
    elf.putLong(base + headers).putLong(64).putLong(0).putInt(0);
    elf.putShort((short) 64).putShort((short) 56).putShort((short) 1);
    elf.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    elf.putInt(1).putInt(5).putLong(0).putLong(base).putLong(base);
    elf.putLong(elf.capacity()).putLong(elf.capacity()).putLong(0x10000);
    return elf.put(program).array();
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
