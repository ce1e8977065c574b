package org.k3sjvm.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.http.SocketDuplex;
import org.k3sjvm.http.websocket.WebSocket;
import org.k3sjvm.http.websocket.WebSocketMessage;
import org.k3sjvm.http.websocket.WebSocketMessage.Kind;

/** The agent's side against a peer that is played frame by frame. */
@Timeout(60)
class SessionTest {
  private static final SessionTiming QUIET =
      new SessionTiming(
          Duration.ofMinutes(1),
          Duration.ofMinutes(2),
          Duration.ofMinutes(2),
          Duration.ofMinutes(3),
          Duration.ofSeconds(5));

  private final ServerSocket local = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  private final Socket[] wire = pair();
  private final WebSocket peer = WebSocket.server(new SocketDuplex(wire[1]), 1 << 20);
  private final CompletableFuture<Throwable> outcome = new CompletableFuture<>();
  private Thread thread = Thread.ofVirtual().unstarted(() -> {});
  private long frameId = 1;

  SessionTest() throws IOException {}

  @AfterEach
  void stop() throws Exception {
    thread.interrupt();
    thread.join();
    peer.close();
    local.close();
    for (Socket socket : wire) {
      socket.close();
    }
  }

  @Test
  void bytesThatComeBeforeTheDialIsDoneAreDeliveredFirst() throws Exception {
    start(QUIET);
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    send(data(2, "one "));
    send(data(2, "two"));
    try (Socket dialled = local.accept()) {
      assertThat(dialled.getInputStream().readNBytes(7)).asString().isEqualTo("one two");
      dialled.getOutputStream().write("back".getBytes(StandardCharsets.US_ASCII));
      assertThat(nextFrame()).isEqualTo(data(2, "back"));
    }
    assertThat(nextFrame()).isEqualTo(new Frame.Ended(2, "EOF"));
  }

  @Test
  void anEndFromThePeerIsEchoedAndWhatCameBeforeIsFlushed() throws Exception {
    start(QUIET);
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    send(data(2, "last words"));
    send(new Frame.Ended(2, "EOF"));
    try (Socket dialled = local.accept()) {
      assertThat(dialled.getInputStream().readAllBytes()).asString().isEqualTo("last words");
    }
    assertThat(nextFrame()).isEqualTo(new Frame.Ended(2, "EOF"));
  }

  @Test
  void dataOfAnUnknownConnectionIsRefusedAndASecondEndIgnored() throws Exception {
    start(QUIET);
    send(new Frame.Ended(99, "EOF"));
    send(new Frame.Pause(99));
    send(new Frame.Resume(99));
    send(new Frame.AddClient("server/1"));
    send(new Frame.Unknown(77));
    send(data(99, "x"));
    assertThat(nextFrame()).isEqualTo(new Frame.Ended(99, "connection not found client/0/99"));
  }

  @Test
  void aRefusedConnectLeavesTheSessionUp() throws Exception {
    start(QUIET);
    send(new Frame.Connect(2, 15000, "tcp", "192.0.2.1:22"));
    assertThat(nextFrame()).isEqualTo(new Frame.Ended(2, "connect not allowed"));
    send(new Frame.Connect(3, 15000, "tcp", "127.0.0.1:10250"));
    try (Socket dialled = local.accept()) {
      dialled.getOutputStream().write('x');
      assertThat(nextFrame()).isEqualTo(data(3, "x"));
    }
  }

  @Test
  void aPausedConnectionSendsNothingUntilItIsResumed() throws Exception {
    start(QUIET);
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    send(new Frame.Connect(3, 15000, "tcp", "127.0.0.1:10250"));
    send(new Frame.Pause(2));
    send(data(2, "2"));
    send(data(3, "3"));
    try (Socket first = local.accept();
        Socket second = local.accept()) {
      boolean inOrder = first.getInputStream().read() == '2';
      Socket paused = inOrder ? first : second;
      Socket free = inOrder ? second : first;
      paused.getOutputStream().write('p');
      free.getOutputStream().write('f');
      assertThat(nextFrame()).isEqualTo(data(3, "f"));
      send(new Frame.Resume(2));
      assertThat(nextFrame()).isEqualTo(data(2, "p"));
    }
  }

  @Test
  void aFullBufferAsksForAPauseAndAnEmptyOneForMoreWhileOurOwnWritingGoesOn() throws Exception {
    start(QUIET);
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    try (Socket dialled = local.accept()) {
      byte[] block = new byte[32 * 1024];
      long sent = 0;
      CompletableFuture<Frame> first = CompletableFuture.supplyAsync(this::nextFrameUnchecked);
      while (!first.isDone()) {
        send(new Frame.Data(2, 15000, ByteBuffer.wrap(block)));
        sent += block.length;
        assertThat(sent).isLessThan(64_000_000);
      }
      assertThat(first.get()).isEqualTo(new Frame.Pause(2));
      dialled.getOutputStream().write('w');
      Set<Frame> wanted = Set.of(data(2, "w"), new Frame.Resume(2));
      Set<Frame> seen = ConcurrentHashMap.newKeySet();
      CompletableFuture<Frame> both =
          CompletableFuture.supplyAsync(
              () -> awaitFrame(frame -> seen.add(frame) && seen.containsAll(wanted)));
      assertThat(dialled.getInputStream().readNBytes((int) sent)).hasSize((int) sent);
      assertThat(wanted).contains(both.get());
    }
  }

  @Test
  void aPeerThatKnowsNoPauseLosesOnlyTheConnectionThatNobodyReads() throws Exception {
    start(
        new SessionTiming(
            Duration.ofMinutes(1),
            Duration.ofMinutes(2),
            Duration.ofMinutes(2),
            Duration.ofMinutes(3),
            Duration.ofMillis(100)));
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    try (Socket _ = local.accept()) {
      CompletableFuture<Frame> end =
          CompletableFuture.supplyAsync(() -> awaitFrame(Frame.Ended.class::isInstance));
      byte[] block = new byte[64 * 1024];
      while (!end.isDone()) {
        send(new Frame.Data(2, 15000, ByteBuffer.wrap(block)));
      }
      assertThat(end.get())
          .isIn(
              new Frame.Ended(2, "backed up reader"),
              new Frame.Ended(2, "connection not found client/0/2"));
    }
    assertThat(outcome).isNotDone();
  }

  @Test
  void pingsComeInTimeAndListsNameTheConnections() throws Exception {
    start(
        new SessionTiming(
            Duration.ofMillis(30),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            Duration.ofMillis(90),
            Duration.ofSeconds(5)));
    send(new Frame.Connect(4, 15000, "tcp", "127.0.0.1:10250"));
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    try (Socket _ = local.accept();
        Socket _ = local.accept()) {
      boolean pinged = false;
      while (true) {
        WebSocketMessage message = peer.receive();
        if (message.kind() == Kind.PING) {
          pinged = true;
        } else {
          assertThat(pinged).isTrue();
          assertThat(FrameCodec.decode(message.bytes()))
              .isEqualTo(new Frame.SyncConnections(List.of(2L, 4L)));
          return;
        }
      }
    }
  }

  @Test
  void aPingIsAnsweredWithAnEmptyPong() throws Exception {
    start(QUIET);
    peer.sendPing(new byte[] {1, 2});
    WebSocketMessage pong = peer.receive();
    assertThat(pong.kind()).isEqualTo(Kind.PONG);
    assertThat(pong.bytes()).isEmpty();
  }

  @Test
  void dataAloneDoesNotKeepASessionAlive() throws Exception {
    start(
        new SessionTiming(
            Duration.ofMillis(30),
            Duration.ofMillis(200),
            Duration.ofMillis(400),
            Duration.ofMinutes(1),
            Duration.ofSeconds(5)));
    Thread.ofVirtual().start(() -> awaitFrame(frame -> false));
    while (!outcome.isDone()) {
      try {
        send(new Frame.Ended(9, "EOF"));
        var _ = outcome.get(10, TimeUnit.MILLISECONDS);
      } catch (IOException | TimeoutException e) {
        // The session goes on, or has just gone.
      }
    }
    assertThat(outcome.get()).hasMessageContaining("neither ping nor pong");
  }

  @Test
  void aPeerThatSaysNothingIsLeftAfterTheSilenceAllowed() throws Exception {
    start(
        new SessionTiming(
            Duration.ofMillis(50),
            Duration.ofMillis(200),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            Duration.ofSeconds(5)));
    assertThat(outcome.get(10, TimeUnit.SECONDS)).hasMessage("the peer has been silent for 200 ms");
  }

  @Test
  void aWriteThatThePeerDoesNotTakeEndsTheSessionThoughThePeerStillTalks() throws Exception {
    start(
        new SessionTiming(
            Duration.ofMinutes(1),
            Duration.ofMillis(300),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            Duration.ofSeconds(5)));
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    try (Socket dialled = local.accept()) {
      Thread feeder =
          Thread.ofVirtual()
              .start(
                  () -> {
                    byte[] block = new byte[64 * 1024];
                    try {
                      while (true) {
                        dialled.getOutputStream().write(block);
                      }
                    } catch (IOException e) {
                      // The session ended and closed it.
                    }
                  });
      while (!outcome.isDone()) {
        try {
          peer.sendPong(new byte[0]);
          var _ = outcome.get(10, TimeUnit.MILLISECONDS);
        } catch (IOException | TimeoutException e) {
          // The session goes on, or has just gone.
        }
      }
      feeder.join();
    }
    assertThat(outcome.get()).hasMessage("a write took longer than 300 ms");
  }

  @Test
  void aTextMessageOrABrokenFrameEndsTheSession() throws Exception {
    start(QUIET);
    peer.sendText("hello");
    assertThat(outcome.get(10, TimeUnit.SECONDS))
        .isInstanceOf(TunnelException.class)
        .hasMessageContaining("text");
  }

  @Test
  void theEndOfTheSessionClosesWhatItDialled() throws Exception {
    start(QUIET);
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    try (Socket dialled = local.accept()) {
      wire[1].close();
      assertThat(dialled.getInputStream().read()).isEqualTo(-1);
      assertThat(outcome.get(10, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void anInterruptEndsTheSessionAsSuch() throws Exception {
    start(QUIET);
    send(new Frame.Connect(2, 15000, "tcp", "127.0.0.1:10250"));
    try (Socket _ = local.accept()) {
      thread.interrupt();
      assertThat(outcome.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void aServerDropsAnOldConnectionThatItsAgentDoesNotListAndSparesAYoungOne() throws Exception {
    Session server = newSession(timing(1000, 300, 1000), false);
    WebSocket agent = WebSocket.server(new SocketDuplex(wire[1]), 1 << 20);
    run(server);
    TunnelConnection old = server.dial("tcp", "127.0.0.1:10250");
    long end = System.nanoTime() + Duration.ofMillis(400).toNanos();
    while (System.nanoTime() < end) {
      agent.sendPing(new byte[0]);
      var _ = new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
    }
    TunnelConnection young = server.dial("tcp", "127.0.0.1:10250");
    send(new Frame.SyncConnections(List.of()));
    send(data(young.id(), "y"));
    assertThat(young.input().read()).isEqualTo('y');
    assertThatThrownBy(() -> old.input().read()).hasMessageContaining("does not know");
  }

  private static SessionTiming timing(int pingMillis, int deadlineMillis, int syncMillis) {
    return new SessionTiming(
        Duration.ofMillis(pingMillis),
        Duration.ofMillis(deadlineMillis),
        Duration.ofMillis(deadlineMillis),
        Duration.ofMillis(syncMillis),
        Duration.ofSeconds(5));
  }

  private void start(SessionTiming timing) throws IOException {
    run(newSession(timing, true));
  }

  private Session newSession(SessionTiming timing, boolean pings) throws IOException {
    WebSocket socket = WebSocket.client(new SocketDuplex(wire[0]), 1 << 20);
    return new Session(
        "test",
        socket,
        pings,
        (protocol, address) ->
            address.equals("127.0.0.1:10250")
                ? new EgressDecision.Allowed(new HostPort("127.0.0.1", local.getLocalPort()))
                : new EgressDecision.Denied("connect not allowed"),
        (target, limit) -> new Socket(InetAddress.getLoopbackAddress(), target.port()),
        timing);
  }

  private void run(Session session) {
    thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    session.run();
                  } catch (IOException | InterruptedException | RuntimeException e) {
                    outcome.complete(e);
                  }
                });
  }

  private void send(Frame frame) throws IOException {
    peer.sendBinary(FrameCodec.encode(frameId++, frame));
  }

  private Frame nextFrame() throws IOException {
    return FrameCodec.decode(peer.receive().bytes());
  }

  private Frame nextFrameUnchecked() {
    return awaitFrame(frame -> true);
  }

  private Frame awaitFrame(Predicate<Frame> wanted) {
    try {
      while (true) {
        WebSocketMessage message = peer.receive();
        if (message.kind() == Kind.BINARY) {
          Frame frame = FrameCodec.decode(message.bytes());
          if (wanted.test(frame)) {
            return frame;
          }
        }
      }
    } catch (IOException e) {
      return new Frame.Unknown(-1);
    }
  }

  private static Frame.Data data(long connection, String text) {
    return new Frame.Data(
        connection, 15000, ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
  }

  private static Socket[] pair() throws IOException {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Socket client = new Socket(listener.getInetAddress(), listener.getLocalPort());
      return new Socket[] {client, listener.accept()};
    }
  }
}
