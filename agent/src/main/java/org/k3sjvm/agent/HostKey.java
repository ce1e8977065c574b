package org.k3sjvm.agent;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.secret.Seal;

/**
 * A key of this host: of a random file in the node's own directory, and of what the machine and its
 * operating system are called. A disk that is read in another machine, or a copy of the data
 * directory alone, does not have it.
 */
final class HostKey {
  private static final int RANDOM_BYTES = 32;

  /**
   * A PC's serial number, a board's (Raspberry Pi), and the installation's. Source: Linux
   * Documentation/ABI/testing/sysfs-firmware-dmi-entries, devicetree-specification; machine-id(5).
   */
  private static final List<String> NAMES =
      List.of(
          "/sys/class/dmi/id/product_uuid", "/proc/device-tree/serial-number", "/etc/machine-id");

  private HostKey() {}

  /**
   * A seal with this host's key; the file is made if there is none.
   *
   * @param nodeFiles where the node's password lives
   * @param root of the host's files
   * @throws IOException when the file can neither be read nor made, or a name cannot be read
   */
  static Seal seal(String purpose, Path nodeFiles, Path root) throws IOException {
    Path file = nodeFiles.resolve("cold-start.key");
    Optional<String> known =
        AtomicFiles.read(file).map(String::strip).filter(k -> k.length() == 2 * RANDOM_BYTES);
    String random = known.isPresent() ? known.get() : make(file);
    List<byte[]> material = new ArrayList<>();
    material.add(random.getBytes(StandardCharsets.UTF_8));
    for (String name : NAMES) {
      material.add(read(root.resolve(name.substring(1))));
    }
    return new Seal(purpose, material);
  }

  private static String make(Path file) throws IOException {
    byte[] bytes = new byte[RANDOM_BYTES];
    new SecureRandom().nextBytes(bytes);
    String text = HexFormat.of().formatHex(bytes);
    Files.createDirectories(file.toAbsolutePath().getParent());
    AtomicFiles.write(file, text + "\n", "rw-------");
    return text;
  }

  /** What a host does not have counts as empty; what cannot be read now might be read tomorrow. */
  private static byte[] read(Path file) throws IOException {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return new byte[0];
    }
  }
}
