package org.k3sjvm.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.kubelet.pod.ProbeVerdicts.Kind;
import org.k3sjvm.kubelet.pod.ProbeVerdicts.Verdict;

class ProbeWorkerTest {
  private static final long S = 1_000_000_000;
  private static final ContainerId ONE = new ContainerId("one");
  private static final ContainerId TWO = new ContainerId("two");
  private static final Answer GOOD = new Answer.Good();
  private static final Answer BAD = new Answer.Bad("no");

  private final Probe probe =
      new ProbeBuilder().withPeriodSeconds(10).withFailureThreshold(2).build();

  @Test
  void livenessIsFirstAskedOnTheGridThatBeganWithThePod() {
    ProbeWorker worker = new ProbeWorker(Kind.LIVENESS, probe, 0);
    assertThat(worker.due()).isEmpty();

    worker.see(runs(ONE, true), false, 3 * S);

    assertThat(worker.due()).hasValue(10 * S);
    worker.ask(10 * S + 7);
    assertThat(worker.due()).isEmpty();
    worker.answered(ONE, GOOD, 11 * S);
    assertThat(worker.due()).hasValue(20 * S);
  }

  @Test
  void theInitialDelayIsKept() {
    ProbeWorker worker = new ProbeWorker(Kind.LIVENESS, probe, 0);

    worker.see(new ProbeWorker.Sight(Optional.of(ONE), true, 25 * S), false, 3 * S);

    assertThat(worker.due()).hasValue(30 * S);
  }

  @Test
  void readinessIsAskedTheMomentItsContainerHasStarted() {
    ProbeWorker worker = new ProbeWorker(Kind.READINESS, probe, 0);
    worker.see(runs(ONE, false), false, 3 * S);
    assertThat(worker.due()).isEmpty();

    worker.see(runs(ONE, true), false, 4 * S);

    assertThat(worker.due()).hasValue(4 * S);
    worker.ask(4 * S);
    worker.answered(ONE, BAD, 5 * S);
    assertThat(worker.due()).hasValue(14 * S);

    worker.see(runs(ONE, true), false, 6 * S);
    assertThat(worker.due()).as("another look changes nothing").hasValue(14 * S);
  }

  @Test
  void readinessWaitsForItsInitialDelayAndNoLonger() {
    ProbeWorker worker = new ProbeWorker(Kind.READINESS, probe, 0);

    worker.see(new ProbeWorker.Sight(Optional.of(ONE), true, 25 * S), false, 3 * S);

    assertThat(worker.due()).hasValue(25 * S);
  }

  @Test
  void whatWasThereBeforeTheAgentWaitsForItsPlaceOnTheGrid() {
    ProbeWorker worker = new ProbeWorker(Kind.READINESS, probe, 7 * S);

    worker.see(runs(ONE, true), true, 0);

    assertThat(worker.due()).hasValue(7 * S);
  }

  @Test
  void startUpIsAskedUntilTheContainerHasStartedAndLivenessOnlyThen() {
    ProbeWorker startup = new ProbeWorker(Kind.STARTUP, probe, 0);
    ProbeWorker liveness = new ProbeWorker(Kind.LIVENESS, probe, 0);
    startup.see(runs(ONE, false), false, S);
    liveness.see(runs(ONE, false), false, S);
    assertThat(startup.due()).hasValue(10 * S);
    assertThat(liveness.due()).isEmpty();

    startup.ask(10 * S);
    assertThat(startup.answered(ONE, GOOD, 10 * S)).isTrue();
    assertThat(startup.verdict()).isEqualTo(Verdict.SUCCESS);
    startup.see(runs(ONE, true), false, 10 * S);
    liveness.see(runs(ONE, true), false, 10 * S);

    assertThat(startup.due()).isEmpty();
    assertThat(liveness.due()).hasValue(10 * S);
  }

  @Test
  void aVerdictNeedsAsManyEqualAnswersAsTheProbeSays() {
    ProbeWorker worker =
        new ProbeWorker(Kind.READINESS, new ProbeBuilder(probe).withSuccessThreshold(2).build(), 0);
    worker.see(runs(ONE, true), false, 0);

    assertThat(answer(worker, GOOD)).isEqualTo(Verdict.UNKNOWN);
    assertThat(answer(worker, BAD)).isEqualTo(Verdict.UNKNOWN);
    assertThat(answer(worker, GOOD)).isEqualTo(Verdict.UNKNOWN);
    assertThat(answer(worker, GOOD)).isEqualTo(Verdict.SUCCESS);
    assertThat(answer(worker, BAD)).isEqualTo(Verdict.SUCCESS);
    assertThat(answer(worker, Answer.Unsure.unknown("?"))).isEqualTo(Verdict.SUCCESS);
    assertThat(answer(worker, BAD)).isEqualTo(Verdict.FAILURE);
    assertThat(answer(worker, new Answer.Warned("other host"))).isEqualTo(Verdict.FAILURE);
    assertThat(answer(worker, GOOD)).isEqualTo(Verdict.SUCCESS);
  }

  @Test
  void livenessThatFailedIsNotAskedAgainBeforeTheNextRun() {
    ProbeWorker worker = new ProbeWorker(Kind.LIVENESS, probe, 0);
    worker.see(runs(ONE, true), false, 0);
    answer(worker, BAD);
    answer(worker, BAD);
    assertThat(worker.verdict()).isEqualTo(Verdict.FAILURE);
    assertThat(worker.due()).isEmpty();

    worker.see(runs(TWO, true), false, 95 * S);

    assertThat(worker.verdict()).isEqualTo(Verdict.UNKNOWN);
    assertThat(worker.due()).hasValue(100 * S);
  }

  @Test
  void nothingIsAskedWhileNothingRunsAndMissedTurnsAreNotMadeUpFor() {
    ProbeWorker worker = new ProbeWorker(Kind.LIVENESS, probe, 0);
    worker.see(runs(ONE, true), false, 0);
    answer(worker, GOOD);
    worker.see(new ProbeWorker.Sight(Optional.empty(), false, 0), false, 12 * S);
    assertThat(worker.due()).isEmpty();

    worker.see(runs(TWO, true), false, 71 * S);

    assertThat(worker.due()).hasValue(80 * S);
  }

  @Test
  void oneTurnThatPassesWhileAnAnswerIsAwaitedIsMadeUpFor() {
    ProbeWorker worker = new ProbeWorker(Kind.READINESS, probe, 0);
    worker.see(runs(ONE, true), false, 0);
    worker.ask(0);
    worker.answered(ONE, GOOD, 34 * S);

    assertThat(worker.due().orElseThrow()).isLessThanOrEqualTo(34 * S);
    worker.ask(34 * S);
    worker.answered(ONE, GOOD, 35 * S);
    assertThat(worker.due()).hasValue(40 * S);
  }

  @Test
  void anAnswerAboutAnEarlierRunIsNoAnswer() {
    ProbeWorker worker =
        new ProbeWorker(Kind.LIVENESS, new ProbeBuilder(probe).withFailureThreshold(1).build(), 0);
    worker.see(runs(ONE, true), false, 0);
    worker.ask(10 * S);
    worker.see(runs(TWO, true), false, 11 * S);

    assertThat(worker.answered(ONE, BAD, 12 * S)).isFalse();

    assertThat(worker.verdict()).isEqualTo(Verdict.UNKNOWN);
    assertThat(worker.due()).hasValue(20 * S);
  }

  /** Asks when it is due, for an answer a second later. */
  private static Verdict answer(ProbeWorker worker, Answer answer) {
    OptionalLong due = worker.due();
    worker.ask(due.orElseThrow());
    worker.answered(ONE, answer, due.orElseThrow() + S);
    return worker.verdict();
  }

  private static ProbeWorker.Sight runs(ContainerId id, boolean started) {
    return new ProbeWorker.Sight(Optional.of(id), started, 0);
  }
}
