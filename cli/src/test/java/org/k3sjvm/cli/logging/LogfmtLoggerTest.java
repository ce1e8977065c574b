package org.k3sjvm.cli.logging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LogfmtLoggerTest {
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  private LogfmtLogger logger(String name) {
    PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
    return new LogfmtLogger(name, () -> out);
  }

  @Test
  void anEventIsOneLineWithItsFactsAsKeys() {
    logger("org.k3sjvm.agent")
        .atWarn()
        .addKeyValue("pod", "default/web")
        .addKeyValue("reason", "no \"image\"\n")
        .setCause(new IllegalStateException("outer", new IllegalArgumentException("root")))
        .log("pod waits");
    assertThat(written.toString(StandardCharsets.UTF_8))
        .matches(
            "time=\"[^\"]+\" level=warning msg=\"pod waits\" pod=default/web reason=\"no \\\\\"image\\\\\"\\\\n\" error=\"outer: root\"\n");
  }

  @Test
  void librariesSpeakFromWarningOn() {
    logger("io.netty.util").info("noise");
    logger("org.k3sjvm.agent").debug("detail");
    assertThat(written.size()).isZero();
    logger("io.netty.util").error("trouble {}", 7);
    assertThat(written.toString(StandardCharsets.UTF_8)).contains("level=error msg=\"trouble 7\"");
  }
}
