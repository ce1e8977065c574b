package org.k3sjvm.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.join.testing.FakeSupervisor;
import org.k3sjvm.join.testing.TestNode;

/** A node that joined before starts without a server, and only then. */
class ColdJoinTest {
  @TempDir private Path top;

  private final ManualTime time = new ManualTime(Instant.now());
  private final List<Duration> waits = new ArrayList<>();
  private final Kept memory = new Kept();
  private FakeSupervisor server;

  private static final class Kept implements JoinMemory {
    Optional<String> said = Optional.empty();
    boolean refused;

    @Override
    public void forget() {
      said = Optional.empty();
    }

    @Override
    public void keep(String settings) {
      said = Optional.of(settings);
      refused = false;
    }

    @Override
    public void refused() {
      refused = true;
    }

    @Override
    public Optional<String> recall() {
      return refused ? Optional.empty() : said;
    }
  }

  @BeforeEach
  void joinOnce() throws Exception {
    server = new FakeSupervisor.Builder().start();
    server.settings(JoinTest.SETTINGS);
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void isWhatItWasWhenNoServerAnswersForSomeTime() throws Exception {
    JoinedNode before = join(this::pass).run();
    server.close();

    JoinedNode now = join(this::pass).run();

    assertThat(before.remembered()).isFalse();
    assertThat(now.remembered()).isTrue();
    assertThat(now.name()).isEqualTo(before.name());
    assertThat(now.settings()).isEqualTo(before.settings());
    assertThat(now.addresses()).isEqualTo(before.addresses());
    assertThat(now.serverCa()).isEqualTo(before.serverCa());
    assertThat(waits.stream().mapToLong(Duration::toSeconds).sum())
        .isBetween(Join.PATIENCE.toSeconds(), 2 * Join.PATIENCE.toSeconds());
  }

  @Test
  void waitsWhereItNeverJoined() {
    server.close();
    assertThatThrownBy(() -> join(this::giveUpLater).run())
        .isInstanceOf(InterruptedException.class);
  }

  @Test
  void waitsWhenAServerRefusesIt() throws Exception {
    join(this::pass).run();
    for (int status : List.of(401, 403)) {
      server.answer("/v1-k3s/config", status, "");
      assertThatThrownBy(() -> join(this::giveUpLater).run())
          .isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void waitsWhenTheServerThatRefusedItFallsSilent() throws Exception {
    join(this::pass).run();
    server.answer("/v1-k3s/config", 401, "");
    assertThatThrownBy(() -> join(this::closeAndGiveUpLater).run())
        .isInstanceOf(InterruptedException.class);
    assertThat(memory.refused).isTrue();
  }

  @Test
  void waitsWhenAForeignServerFallsSilent() throws Exception {
    join(this::pass).run();
    Secret token = new Secret(server.token());
    server.close();
    server = new FakeSupervisor.Builder().start();
    assertThatThrownBy(() -> join(token, this::closeAndGiveUpLater).run())
        .isInstanceOf(InterruptedException.class);
    assertThat(memory.refused).isFalse();
  }

  @Test
  void doesNotWaitForAServerThatCannotServe() throws Exception {
    join(this::pass).run();
    server.answer("/v1-k3s/config", 503, "");
    assertThat(join(this::pass).run().remembered()).isTrue();
  }

  @Test
  void waitsWhenItsCertificatesAreGone() throws Exception {
    JoinedNode before = join(this::pass).run();
    Files.delete(before.files().key(NodeCertificate.CLIENT_KUBELET));
    server.close();
    assertThatThrownBy(() -> join(this::giveUpLater).run())
        .isInstanceOf(InterruptedException.class);
  }

  @Test
  void waitsWhenWhatIsRememberedMakesNoSense() throws Exception {
    join(this::pass).run();
    memory.said = Optional.of("{\"ClusterIPRange\": 7}");
    server.close();
    assertThatThrownBy(() -> join(this::giveUpLater).run())
        .isInstanceOf(InterruptedException.class);
  }

  private void pass(Duration length) {
    waits.add(length);
    time.advance(length);
  }

  private void giveUpLater(Duration length) throws InterruptedException {
    pass(length);
    if (waits.stream().mapToLong(Duration::toSeconds).sum() > 2 * Join.PATIENCE.toSeconds()) {
      waits.clear();
      throw new InterruptedException("that is enough");
    }
  }

  private void closeAndGiveUpLater(Duration length) throws InterruptedException {
    server.close();
    giveUpLater(length);
  }

  private Join join(Sleeper sleeper) {
    return join(new Secret(server.token()), sleeper);
  }

  private Join join(Secret token, Sleeper sleeper) {
    JoinConfig config = TestNode.config(server.url(), server.url(), Optional.of(token), top);
    return new Join(
        config,
        new Join.Host(TestNode.NETWORK, List.of(), time, sleeper, new Random(1)),
        settings -> URI.create("https://api.example:6443"),
        Optional::empty,
        memory);
  }
}
