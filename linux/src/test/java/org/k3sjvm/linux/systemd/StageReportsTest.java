package org.k3sjvm.linux.systemd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.linux.LinuxException;

class StageReportsTest {
  private static final Duration LONG = Duration.ofSeconds(10);

  private final List<String> told = new ArrayList<>();

  @Test
  void tellsEachStageOnceAndOnOneLine() {
    StageReports reports = reports(Map.of());
    reports.stage("joining");
    reports.stage("joining");
    reports.stage("cannot join:\nno route\u0000");
    reports.ready();
    assertThat(told)
        .containsExactly("STATUS=joining\n", "STATUS=cannot join: no route \n", "READY=1\n");
  }

  @Test
  void nobodyWaitsForAnotherWhoTells() throws Exception {
    CountDownLatch telling = new CountDownLatch(1);
    CountDownLatch toldOther = new CountDownLatch(1);
    StageReports reports =
        new StageReports(
            state -> {
              if (state.contains("slow")) {
                telling.countDown();
                await(toldOther);
              }
              told.add(state);
            },
            Map.of());
    Thread slow = Thread.ofVirtual().start(() -> reports.stage("slow"));
    await(telling);

    Thread other = Thread.ofVirtual().start(() -> reports.stage("other"));

    assertThat(other.join(LONG)).isTrue();
    toldOther.countDown();
    assertThat(slow.join(LONG)).isTrue();
    assertThat(told).containsExactly("STATUS=other\n", "STATUS=slow\n");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void cutsWhatNobodyWouldRead() {
    reports(Map.of()).stage("x".repeat(5000));
    assertThat(told.getFirst()).hasSizeLessThan(450).endsWith("…\n");
  }

  @Test
  void goesOnWhenTheServiceManagerIsGone() {
    ServiceManager gone =
        _ -> {
          throw new LinuxException.NotFound("no socket", 2);
        };
    StageReports reports = new StageReports(gone, Map.of());
    reports.stage("joining");
    reports.ready();
  }

  @Test
  void showsTheWatchdogThatItLivesTwiceAsOftenAsItAsks() {
    List<Duration> waits = new ArrayList<>();
    Service watchdog =
        reports(Map.of("WATCHDOG_USEC", "3000000", "WATCHDOG_PID", own()))
            .watchdog(
                wait -> {
                  waits.add(wait);
                  if (waits.size() == 3) {
                    throw new InterruptedException("enough");
                  }
                })
            .orElseThrow();
    assertThatThrownBy(watchdog::run).isInstanceOf(InterruptedException.class);
    assertThat(told).containsExactly("WATCHDOG=1\n", "WATCHDOG=1\n", "WATCHDOG=1\n");
    assertThat(waits).containsOnly(Duration.ofMillis(1500));
  }

  @Test
  void hasNoWatchdogWhereNobodyWatchesOrAnotherIsMeant() {
    for (Map<String, String> environment :
        List.of(
            Map.<String, String>of(),
            Map.of("WATCHDOG_USEC", "0"),
            Map.of("WATCHDOG_USEC", "soon"),
            Map.of("WATCHDOG_USEC", "3000000", "WATCHDOG_PID", "1"))) {
      assertThat(reports(environment).watchdog(_ -> {})).isEmpty();
    }
  }

  private StageReports reports(Map<String, String> environment) {
    return new StageReports(told::add, environment);
  }

  private static String own() {
    return Long.toString(ProcessHandle.current().pid());
  }
}
