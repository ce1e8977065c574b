package org.k3sjvm.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SendWindowTest {
  private static final int FRAME = 16 * 1024;
  private static final long MILLI = 1_000_000;

  @Test
  void opensWhenAPingBehindTheBytesIsAnswered() {
    SendWindow window = new SendWindow();
    window.sent(SendWindow.FIRST_BYTES);
    assertThat(window.isOpen()).isFalse();
    window.marked(0);
    assertThat(window.answered(MILLI)).contains(Duration.ofMillis(1));
    assertThat(window.isOpen()).isTrue();
    assertThat(window.answered(MILLI)).isEmpty();
  }

  @Test
  void anAnswerThatIsLostIsForgottenWhenNothingIsSent() {
    SendWindow window = new SendWindow();
    window.sent(SendWindow.FIRST_BYTES);
    window.marked(0);
    window.idle();
    assertThat(window.isOpen()).isTrue();
  }

  /**
   * A line with a queue without end: the window finds what it carries and keeps the queue short.
   */
  @ParameterizedTest(name = "{0} KB/s, {1} ms")
  @CsvSource({"2000, 1", "10000, 1", "10000, 50", "100000, 1", "100000, 50"})
  void keepsALineBusyAndItsQueueShort(int kilobytesPerSecond, int roundTripMillis) {
    SendWindow window = new SendWindow();
    double nanosPerByte = 1e6 / kilobytesPerSecond;
    Deque<Long> answers = new ArrayDeque<>();
    double lineFree = 0;
    long now = 0;
    double measured = 0;
    double worst = 0;
    window.marked(now);
    answers.add(roundTripMillis * MILLI);
    for (now = 0; now < 20_000 * MILLI; now += 100_000) {
      while (!answers.isEmpty() && answers.peek() <= now) {
        var _ = answers.remove();
        var _ = window.answered(now);
      }
      while (window.isOpen()) {
        window.sent(FRAME);
        lineFree = Math.max(lineFree, (double) now) + FRAME * nanosPerByte;
        if (window.wantsMark()) {
          window.marked(now);
          answers.add((long) lineFree + roundTripMillis * MILLI);
        }
        measured += now > 10_000 * MILLI ? FRAME : 0;
      }
      worst = now > 10_000 * MILLI ? Math.max(worst, lineFree - (double) now) : 0;
    }
    assertThat(measured / 10_000.0).isGreaterThan(0.8 * kilobytesPerSecond);
    assertThat(worst / 1e6).isLessThan(50);
  }
}
