package org.k3sjvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompletionCommandTest {
  @TempDir private Path home;

  private final ByteArrayOutputStream said = new ByteArrayOutputStream();

  private int run(String... arguments) {
    PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
    return Main.run(
        Stream.concat(Stream.of("completion"), Arrays.stream(arguments)).toList(), out, out);
  }

  private String complete(String... words) throws Exception {
    assertThat(run("bash")).isZero();
    String line = "'" + String.join("' '", words) + "'";
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                said.toString(StandardCharsets.UTF_8)
                    + "COMP_WORDS=(k3s "
                    + line
                    + "); COMP_CWORD="
                    + words.length
                    + "; _k3s; echo ${COMPREPLY[@]}")
            .redirectErrorStream(true)
            .start();
    String answer = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor()).isZero();
    said.reset();
    return answer.strip();
  }

  @Test
  void aShellCompletesCommandsAndTheirFlags() throws Exception {
    assertThat(complete("serv")).isEqualTo("server");
    assertThat(complete("kube")).isEqualTo("kubectl");
    assertThat(complete("")).contains("agent", "doctor", "completion").doesNotContain("--");
    assertThat(complete("agent", "--tok")).isEqualTo("--token --token-file");
    assertThat(complete("server", "--tls")).isEqualTo("--tls-san");
    assertThat(complete("doctor", "--tok")).isEmpty();
  }

  @Test
  void aShellIsMadeToReadItOnce() throws Exception {
    PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
    Files.writeString(home.resolve(".bashrc"), "alias k=kubectl\n");
    for (int i = 0; i < 2; i++) {
      assertThat(CompletionCommand.run(List.of("bash", "-i"), List.of(), home, out, out)).isZero();
    }
    assertThat(home.resolve(".bashrc"))
        .hasContent(
            """
            alias k=kubectl
            # >> k3s command completion (start)
            . <(k3s completion bash)
            # >> k3s command completion (end)
            """);
  }

  @Test
  void aShellThatIsNoneIsRefused() {
    assertThat(run("fish")).isEqualTo(1);
    assertThat(run()).isEqualTo(1);
    assertThat(run("bash", "--now")).isEqualTo(1);
    assertThat(said.toString(StandardCharsets.UTF_8)).contains("k3s completion bash|zsh [-i]");
  }
}
