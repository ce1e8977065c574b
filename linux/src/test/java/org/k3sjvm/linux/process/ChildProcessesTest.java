package org.k3sjvm.linux.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.LinuxException;

class ChildProcessesTest {
  private final ChildProcesses commands = new ChildProcesses();

  @Test
  void feedsInputAndKeepsBothOutputsAndTheExitCode() throws InterruptedException {
    CommandResult result =
        commands.run(
            Command.of("sh", "-c", "cat; echo $WORD >&2; exit 3")
                .withInput("in")
                .withEnvironment(Map.of("WORD", "err")));

    assertThat(result).isEqualTo(new CommandResult(3, "in", "err\n"));
  }

  @Test
  void doesNotMindAProgramThatIgnoresALongInput() throws InterruptedException {
    assertThat(commands.run(Command.of("true").withInput("x".repeat(1 << 20))).succeeded())
        .isTrue();
  }

  @Test
  void killsAtTheDeadlineAlsoWhatTheProgramStarted() {
    long before = System.nanoTime();

    assertThatThrownBy(
            () ->
                commands.run(
                    Command.of("sh", "-c", "sleep 60 & sleep 60").within(Duration.ofMillis(200))))
        .isInstanceOf(LinuxException.TimedOut.class)
        .hasMessageContaining("200 ms");
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(30));
  }

  @Test
  void namesAProgramThatIsNotInstalled() {
    assertThatThrownBy(() -> commands.run(Command.of("no-such-program-here")))
        .isInstanceOf(LinuxException.NotFound.class)
        .hasMessage("no-such-program-here is not installed, or not on the PATH");
  }
}
