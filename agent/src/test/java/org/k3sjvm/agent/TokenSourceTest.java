package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.base.secret.Secret;

class TokenSourceTest {
  @TempDir Path top;

  @Test
  void waitsFourMinutesForTheFileAndThenNamesIt() {
    Path file = top.resolve("token");
    AtomicReference<Duration> waited = new AtomicReference<>(Duration.ZERO);
    assertThatThrownBy(
            () ->
                TokenSource.read(
                    config(file), time -> waited.accumulateAndGet(time, Duration::plus)))
        .isInstanceOf(AgentException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("--token-file");
    assertThat(waited.get()).isEqualTo(Duration.ofMinutes(4));
  }

  @Test
  void takesTheTokenWhenItAppears() throws Exception {
    Path file = top.resolve("token");
    assertThat(TokenSource.read(config(file), _ -> write(file)).map(Secret::reveal))
        .contains("secret");
  }

  @Test
  void saysThatAFileCannotBeRead() throws Exception {
    Path directory = Files.createDirectory(top.resolve("token"));
    assertThatThrownBy(() -> TokenSource.read(config(directory), _ -> {}))
        .isInstanceOf(AgentException.class)
        .hasMessageContaining("cannot read the token file " + directory);
  }

  private static void write(Path file) {
    try {
      Files.writeString(file, "secret\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static AgentConfig config(Path file) {
    return AgentConfig.parse(
        List.of("--server=https://h:6443", "--token-file=" + file, "--config=/nonexistent"),
        Map.of());
  }
}
