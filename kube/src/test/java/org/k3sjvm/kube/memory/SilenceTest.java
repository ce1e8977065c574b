package org.k3sjvm.kube.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectList;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;

/** When a memory answers in place of a server. */
@Timeout(30)
class SilenceTest extends RememberingRig {
  @Test
  void oneFailureAmongAnswersIsNoSilence() throws Exception {
    create(pod("web"));
    api.get(Resources.PODS, WEB);
    line.fails(unavailable);

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
    time.advance(Duration.ofSeconds(9));
    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
    time.advance(Duration.ofSeconds(1));
    assertThat(api.find(Resources.PODS, WEB)).isPresent();
    line.answers();
    assertThat(api.find(Resources.PODS, WEB)).isPresent();
    line.fails(unavailable);
    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
  }

  @Test
  void aTokenIsNotRecalledOnceAServerHasAnswered() throws Exception {
    api.post(TOKENS_OF_WEB, tokenRequest("uid1", "api", 3600));
    silent();
    assertThatThrownBy(() -> api.post(TOKENS_OF_WEB, tokenRequest("uid1", "api", 3600)))
        .isSameAs(unavailable);
  }

  @Test
  void afterAFailureTheServerIsLeftAloneForThreeSeconds() throws Exception {
    rememberWebAndRestart();
    silent();

    api.get(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get");
    time.advance(Duration.ofMillis(2999));
    api.get(Resources.PODS, WEB);
    api.getCached(Resources.PODS, WEB);
    assertThat(list(Selection.ALL).remembered()).isTrue();
    token(tokenRequest("uid1", "api", 3600));
    assertThat(line.asked()).containsExactly("get");

    time.advance(Duration.ofMillis(1));
    api.getCached(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get", "getCached");
    api.get(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get", "getCached");
  }

  @Test
  void whatTheMemoryDoesNotKnowIsAskedAtOnce() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);

    assertThatThrownBy(() -> api.get(Resources.PODS, DB)).isSameAs(unavailable);

    assertThat(line.asked()).containsExactly("get", "get");
  }

  @Test
  void afterOneAnswerEveryQuestionGoesToTheServer() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    line.answers();
    time.advance(Duration.ofSeconds(3));

    api.get(Resources.PODS, WEB);
    assertThat(silence.lastAnswer()).contains(time.instant());
    api.get(Resources.PODS, WEB);
    silent();
    api.get(Resources.PODS, WEB);
    api.get(Resources.PODS, WEB);

    assertThat(line.asked()).containsExactly("get", "get", "get", "get", "get");
  }

  @Test
  void aRefusalIsAnAnswerToo() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    time.advance(Duration.ofSeconds(3));
    line.fails(new KubeException.Forbidden("ask", "not yours"));
    assertThatThrownBy(() -> api.get(Resources.PODS, WEB))
        .isInstanceOf(KubeException.Forbidden.class);

    line.answers();
    api.get(Resources.PODS, WEB);

    assertThat(line.asked()).hasSize(3);
  }

  @Test
  void aRefusalLetsNothingBeRememberedForLonger() throws Exception {
    rememberWebAndRestart();
    line.fails(new KubeException.Unauthorized("ask", "who are you?"));
    assertThatThrownBy(() -> api.get(Resources.PODS, WEB))
        .isInstanceOf(KubeException.Unauthorized.class);

    assertThat(silence.lastAnswer()).isEmpty();
  }

  @Test
  void aSilenceThatLastsTooLongIsFilledNoMore() throws Exception {
    Silence aDay = new Silence(time, Duration.ofDays(1));
    aDay.assume();
    assertThat(aDay.lasts()).isFalse();
    aDay.answeredBefore(time.instant().minus(Duration.ofHours(23)));
    assertThat(aDay.lasts()).isTrue();
    time.advance(Duration.ofHours(1));
    assertThat(aDay.lasts()).isTrue();
    time.advance(Duration.ofSeconds(1));
    assertThat(aDay.lasts()).isFalse();
    aDay.answered();
    aDay.failed();
    time.advance(Duration.ofSeconds(10));
    assertThat(aDay.lasts()).isTrue();
  }

  @Test
  void aWatchThatOpensEndsTheSilence() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    line.answers();
    api.watch(Resources.PODS, everything()).close();

    api.get(Resources.PODS, WEB);

    assertThat(line.asked()).containsExactly("get", "watch", "get");
  }

  @Test
  void oneQuestionAtATimeTriesTheServer() throws Exception {
    Scout scout = sendScout();

    time.advance(Duration.ofMinutes(1));
    api.get(Resources.PODS, WEB);
    api.get(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get", "get");

    line.release();
    assertThat(scout.answer().get().getMetadata().getName()).isEqualTo("web");
    scout.thread().join();
    api.get(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get", "get");
  }

  @Test
  void aQuestionThatWasGivenUpLetsTheNextOneTry() throws Exception {
    Scout scout = sendScout();

    scout.thread().interrupt();
    scout.thread().join();
    assertThatThrownBy(scout.answer()::get).hasCauseInstanceOf(InterruptedException.class);
    assertThat(silence.lastAnswer()).isEmpty();
    line.release();
    api.get(Resources.PODS, WEB);

    assertThat(line.asked()).containsExactly("get", "get", "get");
  }

  @Test
  void aServerThatAnswersAtTheStartIsBelieved() throws Exception {
    create(pod("db"));
    rememberWebAndRestart();
    server.patch(Resources.PODS, WEB, label("tier", "front"));
    server.delete(Resources.PODS, DB, DeleteRequest.DEFAULT);

    ObjectList<Pod> list = list(Selection.ALL);

    assertThat(list.remembered()).isFalse();
    assertThat(names(list)).containsExactly("web");
    assertThat(api.get(Resources.PODS, WEB).getMetadata().getLabels())
        .containsEntry("tier", "front");
    assertThat(token(tokenRequest("uid1", "api", 3600))).isEqualTo("token-2");
    assertThat(line.asked()).containsExactly("list", "get", "post");
  }

  private record Scout(FutureTask<Pod> answer, Thread thread) {}

  /** After one failure, the question that tries the server again; it is held on the line. */
  private Scout sendScout() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    time.advance(Duration.ofSeconds(3));
    line.holds();
    FutureTask<Pod> answer = new FutureTask<>(() -> api.get(Resources.PODS, WEB));
    Thread thread = Thread.ofVirtual().start(answer);
    line.awaitHeld();
    return new Scout(answer, thread);
  }
}
