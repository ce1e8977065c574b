package org.k3sjvm.kubelet.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.kubelet.Eventually;
import org.k3sjvm.kubelet.pod.PodEvent;

@Timeout(30)
class ImagesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ManualTime time = new ManualTime(Instant.EPOCH);
  private final ScriptedImages service = new ScriptedImages();
  private final List<String> events = new CopyOnWriteArrayList<>();
  private Images images = new Images(service, ImageSettings.DEFAULT, time, time);

  private static Container container(String image, String policy) {
    return new ContainerBuilder()
        .withName("c")
        .withImage(image)
        .withImagePullPolicy(policy)
        .build();
  }

  private void ensure(String image, String policy, String... users) throws InterruptedException {
    List<Credential> credentials =
        Stream.of(users)
            .map(
                u ->
                    new Credential(
                        RegistryAuth.basic(u, new Secret("p")), new Credential.Source.Node()))
            .toList();
    images.ensure(container(image, policy), Optional.empty(), _ -> credentials, this::heard);
  }

  private void heard(PodEvent event) {
    events.add(event.type() + " " + event.reason() + " " + event.message());
  }

  @ParameterizedTest
  @CsvSource({
    "Always, true, true",
    "Always, false, true",
    "IfNotPresent, true, false",
    "IfNotPresent, false, true",
    "Never, true, false"
  })
  void thePolicySaysWhetherToPull(String policy, boolean present, boolean pulls) throws Exception {
    if (present) {
      service.add("a:1");
    }

    ensure("a:1", policy);

    assertThat(service.pulls).hasSize(pulls ? 1 : 0);
  }

  @Test
  void anImageThatIsHereCostsOneLook() throws Exception {
    service.add("a:1");

    ensure("a:1", "IfNotPresent");

    assertThat(service.looks).hasValue(1);
    assertThat(events)
        .containsExactly(
            "NORMAL Pulled Container image \"a:1\" already present on machine and can be accessed"
                + " by the pod");
  }

  @Test
  void neverMeansNever() {
    assertThatThrownBy(() -> ensure("a", "Never"))
        .hasMessage("Container image \"a\" is not present with pull policy of Never")
        .extracting(e -> ((ImageException) e).reason())
        .isEqualTo("ErrImageNeverPull");
    assertThat(events)
        .containsExactly(
            "WARNING ErrImageNeverPull Container image \"a\" is not present with pull policy of"
                + " Never");
    assertThat(service.pulls).isEmpty();
  }

  @Test
  void namesWithoutTagAreTheLatestButAreShownAsWritten() throws Exception {
    ensure("a", "IfNotPresent");

    assertThat(service.pulls).containsExactly("a:latest");
    assertThat(events)
        .containsExactly(
            "NORMAL Pulling Pulling image \"a\"",
            "NORMAL Pulled Successfully pulled image \"a\" in 0s (0s including waiting). Image"
                + " size: 7 bytes.");
  }

  @Test
  void badNamesAreNoReasonToAskAnybody() {
    assertThatThrownBy(() -> ensure("A b", "Always"))
        .extracting(e -> ((ImageException) e).reason())
        .isEqualTo("InvalidImageName");
    assertThat(events.getFirst())
        .startsWith("WARNING InspectFailed Failed to apply default image tag \"A b\": couldn't");
    assertThat(service.looks).hasValue(0);
  }

  @Test
  void credentialsAreTriedInOrderUntilOneOpens() throws Exception {
    service.opensTo = Optional.of("third");

    ensure("a:1", "Always", "first", "second", "third", "fourth");

    assertThat(service.pulls).containsExactly("a:1 first", "a:1 second", "a:1 third");
  }

  @Test
  void whatEachCredentialMetIsTold() {
    service.opensTo = Optional.of("nobody");

    assertThatThrownBy(() -> ensure("a:1", "Always", "first", "second"))
        .hasMessage("[unauthorized: first, unauthorized: second]")
        .extracting(e -> ((ImageException) e).reason())
        .isEqualTo("ErrImagePull");
    assertThat(events.getLast())
        .isEqualTo(
            "WARNING Failed Failed to pull image \"a:1\":"
                + " [unauthorized: first, unauthorized: second]");
  }

  @ParameterizedTest
  @CsvSource({
    "RegistryUnavailable: it burns, RegistryUnavailable,"
        + " image pull failed for a:1 because the registry is unavailable: it burns",
    "SignatureValidationFailed: no, SignatureValidationFailed,"
        + " image pull failed for a:1 because the signature validation failed: no",
    "anything else, ErrImagePull, anything else"
  })
  void runtimesNameSomeReasonsThemselves(String refusal, String reason, String message) {
    service.refusal = Optional.of(refusal);

    assertThatThrownBy(() -> ensure("a:1", "Always"))
        .hasMessage(message)
        .extracting(e -> ((ImageException) e).reason())
        .isEqualTo(reason);
  }

  @Test
  void equalPullsAtTheSameTimeAreOneAndOthersAreNot() throws Exception {
    service.held = new CountDownLatch(1);
    List<Thread> pods = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      pods.add(start("a:1", "same"));
    }
    pods.add(start("a:1", "other"));
    awaitEvents(6);
    service.held.countDown();
    join(pods);

    assertThat(service.pulls).containsExactlyInAnyOrder("a:1 same", "a:1 other");
    assertThat(events.stream().filter(e -> e.startsWith("NORMAL Pulled"))).hasSize(6);
  }

  @Test
  void aPullGoesOnWhenThePodThatBeganItGoes() throws Exception {
    service.held = new CountDownLatch(1);
    Thread first = start("a:1", "u");
    awaitEvents(1);
    Thread second = start("a:1", "u");
    awaitEvents(2);
    first.interrupt();
    first.join();
    Eventually.holds(PATIENCE, () -> service.pulls.size() == 2, () -> "" + service.pulls);
    service.held.countDown();
    second.join();

    assertThat(service.here).containsKey("a:1");
  }

  @Test
  void looksAtTheSameTimeAreOne() throws Exception {
    service.add("a:1");
    service.heldLooks = new CountDownLatch(1);
    List<Thread> pods = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      pods.add(Thread.ofVirtual().start(() -> quietly("a:1", "IfNotPresent")));
    }
    for (Thread pod : pods) {
      Eventually.holds(
          PATIENCE, () -> pod.getState() == Thread.State.WAITING, () -> "" + pod.getState());
    }
    service.heldLooks.countDown();
    join(pods);

    assertThat(service.looks).hasValue(1);
    assertThat(events).hasSize(20);
  }

  @ParameterizedTest
  @CsvSource({"1", "3"})
  void noMoreThanSoManyAtOnce(int most) throws Exception {
    images = new Images(service, ImageSettings.DEFAULT.withLimits(most, 0, 0), time, time);
    service.held = new CountDownLatch(1);
    List<Thread> pods = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      pods.add(start("a" + i + ":1", "u"));
    }
    Eventually.holds(PATIENCE, () -> service.atOnce.get() == most, () -> "" + service.atOnce);
    service.held.countDown();
    join(pods);

    assertThat(service.pulls).hasSize(6);
    assertThat(service.mostAtOnce.get()).isEqualTo(most);
  }

  @Test
  void registriesAreAskedInABurstAndThenSoOftenASecond() throws Exception {
    images = new Images(service, ImageSettings.DEFAULT.withLimits(0, 5, 2), time, time);
    ensure("a:1", "Always");
    ensure("b:1", "Always");
    Thread third = start("c:1", "u");
    time.awaitSleepers(1);
    assertThat(service.pulls).hasSize(2);

    time.advance(Duration.ofMillis(200));
    third.join();

    assertThat(service.pulls).hasSize(3);
    assertThat(events.getLast())
        .isEqualTo(
            "NORMAL Pulled Successfully pulled image \"c:1\" in 0s (200ms including waiting). Image"
                + " size: 7 bytes.");
  }

  private Thread start(String image, String user) {
    return Thread.ofVirtual().start(() -> quietly(image, "Always", user));
  }

  private void quietly(String image, String policy, String... users) {
    try {
      ensure(image, policy, users);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitEvents(int count) {
    Eventually.holds(PATIENCE, () -> events.size() >= count, events::toString);
  }

  private static void join(List<Thread> threads) throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
  }
}
