package org.k3sjvm.integration.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Where the programs under test are. */
public final class K3s {
  private static final Path BUILT = Path.of("dist/target/k3s/bin/k3s");

  private K3s() {}

  /**
   * Our own {@code k3s}, as the build leaves it.
   *
   * @throws LabException when it is not built
   */
  public static Path ours() {
    for (Path directory = Path.of("").toAbsolutePath();
        directory != null;
        directory = directory.getParent()) {
      Path program = directory.resolve(BUILT);
      if (Files.isExecutable(program)) {
        return program;
      }
    }
    throw new LabException(BUILT + " is missing; build the module dist first");
  }

  /** The upstream program to test against, which {@code K3S_BIN} names. */
  public static Optional<Path> upstream() {
    return Optional.ofNullable(System.getenv("K3S_BIN")).map(Path::of).filter(Files::isExecutable);
  }
}
