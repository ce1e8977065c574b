package org.k3sjvm.nodepassword;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.secret.Secret;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files {@code password} and {@code id} of a host. Both are made once and then only read, so a
 * node keeps its name for as long as the directory lives. Source: k3s v1.36.3 pkg/agent/config,
 * ensureNodePassword and ensureNodeID.
 */
public final class NodeFiles {
  /** Source: k3s v1.36.3 pkg/agent/config. */
  public static final Path DEFAULT_DIRECTORY = Path.of("/etc/rancher/node");

  private static final int PASSWORD_BYTES = 16;
  private static final int ID_BYTES = 4;
  private static final Logger log = LoggerFactory.getLogger(NodeFiles.class);

  private final Path directory;
  private final RandomGenerator random;

  /**
   * @param random a cryptographically strong source, such as {@link java.security.SecureRandom}
   */
  public NodeFiles(Path directory, RandomGenerator random) {
    this.directory = directory;
    this.random = random;
  }

  public Path passwordFile() {
    return directory.resolve("password");
  }

  /**
   * Reads the identity, making the files that are missing.
   *
   * @param name the wanted node name, any case
   * @param withId whether the id becomes part of the name
   * @param agentDirectory where releases before v1.19 kept {@code node-password.txt}; it is moved
   * @throws NodeFilesException when a file cannot be read or written; the message names it
   */
  public NodeIdentity load(String name, boolean withId, Path agentDirectory) {
    migrate(agentDirectory.resolve("node-password.txt"));
    String id = readOrMake(directory.resolve("id"), ID_BYTES, "rw-r--r--");
    String password = readOrMake(passwordFile(), PASSWORD_BYTES, "rw-------");
    String lower = name.toLowerCase(Locale.ROOT);
    return new NodeIdentity(withId ? lower + "-" + id : lower, id, new Secret(password));
  }

  private String readOrMake(Path file, int bytes, String mode) {
    try {
      Optional<String> present =
          AtomicFiles.read(file).map(String::strip).filter(text -> !text.isEmpty());
      if (present.isPresent()) {
        return present.get();
      }
      byte[] fresh = new byte[bytes];
      random.nextBytes(fresh);
      String text = HexFormat.of().formatHex(fresh);
      makeDirectory();
      AtomicFiles.write(file, text + "\n", mode);
      return text;
    } catch (IOException e) {
      throw new NodeFilesException(file, e);
    }
  }

  /** A failed move is no reason not to start: the next start tries again. */
  private void migrate(Path old) {
    try {
      Optional<String> password = AtomicFiles.read(old);
      if (password.isEmpty()) {
        return;
      }
      makeDirectory();
      AtomicFiles.write(passwordFile(), password.get(), "rw-------");
      Files.delete(old);
      log.atInfo().addKeyValue("from", old).addKeyValue("to", passwordFile()).log("password moved");
    } catch (IOException e) {
      log.atWarn().setCause(e).addKeyValue("from", old).log("cannot move the node password");
    }
  }

  private void makeDirectory() throws IOException {
    if (!Files.isDirectory(directory)) {
      AtomicFiles.makeDirectory(directory, "rwxr-xr-x");
    }
  }
}
