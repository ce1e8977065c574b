package org.k3sjvm.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.time.Sleeper;

/**
 * The token, from the flag or from a file that may appear only later. Source: k3s v1.36.3
 * pkg/util/file.go, ReadFile.
 */
final class TokenSource {
  private static final Duration PERIOD = Duration.ofSeconds(2);
  private static final int TRIES = 120;

  private TokenSource() {}

  /**
   * Waits for the file if there is one.
   *
   * @throws AgentException when it does not appear within four minutes, or cannot be read
   */
  static Optional<Secret> read(AgentConfig config, Sleeper sleeper) throws InterruptedException {
    return config.tokenFile().isPresent()
        ? Optional.of(await(config.tokenFile().get(), sleeper))
        : config.token();
  }

  private static Secret await(Path file, Sleeper sleeper) throws InterruptedException {
    for (int attempt = 0; attempt < TRIES; attempt++) {
      try {
        Optional<String> text =
            AtomicFiles.read(file).map(String::strip).filter(token -> !token.isEmpty());
        if (text.isPresent()) {
          return new Secret(text.get());
        }
      } catch (IOException e) {
        throw new AgentException("cannot read the token file " + file + ": " + e.getMessage(), e);
      }
      sleeper.sleep(PERIOD);
    }
    throw new AgentException(
        "the token file " + file + " did not appear within 4 minutes: check --token-file");
  }
}
