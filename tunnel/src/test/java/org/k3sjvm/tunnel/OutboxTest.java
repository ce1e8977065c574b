package org.k3sjvm.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OutboxTest {
  private final Outbox outbox = new Outbox();

  @Test
  void lanesTakeTurnsSoThatAKeystrokeWaitsForOneFrameOfEachOther() throws Exception {
    for (int i = 0; i < 3; i++) {
      outbox.putData(data(1, 1000));
      outbox.putData(data(2, 1000));
    }
    outbox.putData(data(3, 1));
    assertThat(connections(7)).containsExactly(1L, 2L, 3L, 1L, 2L, 1L, 2L);
  }

  @Test
  void whatIsNoDataGoesFirstButAnEndWaitsForItsData() throws Exception {
    outbox.putData(data(1, 10));
    outbox.putData(data(1, 20));
    assertThat(outbox.putControl(new Outbox.Item.Message(new Frame.Ended(1, "EOF")))).isTrue();
    assertThat(outbox.putControl(new Outbox.Item.Message(new Frame.Ended(9, "EOF")))).isTrue();
    assertThat(outbox.putControl(new Outbox.Item.Ping())).isTrue();
    assertThat(outbox.waiting()).containsExactly(1L);
    assertThat(List.of(outbox.take(), outbox.take()))
        .containsExactly(
            new Outbox.Item.Message(new Frame.Ended(9, "EOF")), new Outbox.Item.Ping());
    assertThat(connections(2)).containsExactly(1L, 1L);
    assertThat(outbox.take()).isEqualTo(new Outbox.Item.Message(new Frame.Ended(1, "EOF")));
    assertThat(outbox.waiting()).isEmpty();
  }

  @Test
  void aFullLaneHoldsUpItsOwnWriterAlone() throws Exception {
    CompletableFuture<Void> bulk = writing(1, 40, 16_000);
    while (outbox.waitingBytes(1) < 64 * 1024) {
      Thread.onSpinWait();
    }
    assertThat(bulk).isNotDone();
    outbox.putData(data(2, 1));
    assertThat(outbox.waitingBytes(1)).isLessThan(64 * 1024 + 16_000);
    for (int i = 0; i < 41; i++) {
      var _ = outbox.take();
      outbox.pinged(0);
      assertThat(outbox.ponged(1)).isPresent();
      assertThat(outbox.waitingBytes(1)).isLessThan(64 * 1024 + 16_000);
    }
    bulk.get();
  }

  @Test
  void manyLanesShareTheBound() throws Exception {
    List<CompletableFuture<Void>> all =
        IntStream.range(1, 21).mapToObj(id -> writing(id, 100, 4000)).toList();
    while (outbox.waiting().size() < 20) {
      Thread.onSpinWait();
    }
    int total = 0;
    for (long id : outbox.waiting()) {
      total += outbox.waitingBytes(id);
    }
    assertThat(total).isLessThan(3 * 256 * 1024);
    outbox.close();
    for (CompletableFuture<Void> one : all) {
      assertThatThrownBy(one::get).hasRootCauseMessage("tunnel disconnect");
    }
  }

  @Test
  void aConnectionThatThePeerEndedLosesWhatWaitsAndItsWriter() throws Exception {
    CompletableFuture<Void> bulk = writing(1, 40, 16_000);
    while (outbox.waitingBytes(1) < 64 * 1024) {
      Thread.onSpinWait();
    }
    outbox.forget(1);
    assertThat(outbox.waiting()).isEmpty();
    assertThatThrownBy(bulk::get)
        .isInstanceOf(ExecutionException.class)
        .hasRootCauseInstanceOf(TunnelException.class);
    outbox.putData(data(2, 5));
    assertThat(connections(1)).containsExactly(2L);
  }

  private CompletableFuture<Void> writing(long connection, int frames, int bytes) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                for (int i = 0; i < frames; i++) {
                  outbox.putData(data(connection, bytes));
                }
                done.complete(null);
              } catch (TunnelException | InterruptedException e) {
                done.completeExceptionally(e);
              }
            });
    return done;
  }

  private List<Long> connections(int count) throws InterruptedException {
    Long[] seen = new Long[count];
    for (int i = 0; i < count; i++) {
      seen[i] =
          outbox.take() instanceof Outbox.Item.Message(Frame.Data(long id, long _, ByteBuffer _))
              ? id
              : -1L;
    }
    return List.of(seen);
  }

  private static Frame.Data data(long connection, int bytes) {
    return new Frame.Data(connection, 15_000, ByteBuffer.allocate(bytes));
  }
}
