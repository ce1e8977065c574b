package org.k3sjvm.flannel.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.linux.wireguard.SecretKey;

/**
 * This node's private key. It is gone after a boot; peers learn the next one from the Node. Source:
 * flannel v0.28 pkg/backend/wireguard/device.go.
 */
public final class WireguardKeyFile {
  public static final Path DEFAULT = Path.of("/run/flannel/wgkey");

  /** Names another file. */
  public static final String VARIABLE = "WIREGUARD_KEY_FILE";

  private static final String MODE = "r--------";
  private static final String DIRECTORY_MODE = "rwxr-xr-x";

  private WireguardKeyFile() {}

  /**
   * The key in the file, which is made where there is none.
   *
   * @throws IOException when it can be neither read nor made; the message has the remedy
   */
  public static SecretKey readOrMake(Path file, SecureRandom random) throws IOException {
    Optional<String> text = AtomicFiles.read(file);
    if (text.isPresent()) {
      try {
        return new SecretKey(new Secret(text.get())).clamped();
      } catch (IllegalArgumentException e) {
        throw new IOException(
            file
                + " holds no key of WireGuard ("
                + e.getMessage()
                + "); without it a new one is made",
            e);
      }
    }
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null && !Files.isDirectory(directory)) {
      AtomicFiles.makeDirectory(directory, DIRECTORY_MODE);
    }
    SecretKey key = SecretKey.generate(random);
    AtomicFiles.write(file, key.text().reveal(), MODE);
    return key;
  }
}
