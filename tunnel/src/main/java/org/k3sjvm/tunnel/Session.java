package org.k3sjvm.tunnel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.http.websocket.WebSocket;
import org.k3sjvm.http.websocket.WebSocketMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket full of connections; the same for both sides. {@link #run} reads on the calling
 * thread; another thread writes, one watches the clocks, and each connection that we dialled for
 * the peer has two that copy. All of them end with the session.
 *
 * <p>A Connect that is not allowed ends that connection alone, unlike in the reference, where it
 * tears down everybody's streams.
 */
final class Session {
  private static final Logger log = LoggerFactory.getLogger(Session.class);

  /** What the reference puts into every frame that has a deadline; receivers ignore it. */
  static final long DEADLINE_MILLIS = 15_000;

  /** The reference begins here as well. */
  private static final long FIRST_CONNECTION = 2;

  /** Deadlines are looked at no more often. */
  private static final Duration MIN_WATCH = Duration.ofMillis(10);

  private static final Duration DIAL_LIMIT = Duration.ofMinutes(1);
  private static final int COPY_BYTES = TunnelConnection.FRAME_BYTES;
  private static final byte[] EMPTY = new byte[0];

  /** Reaches an address that the authorizer allowed. */
  @FunctionalInterface
  interface LocalDialer {
    Socket dial(HostPort target, Duration limit) throws IOException;
  }

  private final String name;
  private final WebSocket socket;
  private final boolean pings;
  private final Authorizer authorizer;
  private final LocalDialer dialer;
  private final SessionTiming timing;
  private final Outbox outbox = new Outbox();
  private final Links links = new Links();
  private final AtomicLong nextConnection = new AtomicLong(FIRST_CONNECTION);
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final TreeMap<Long, TunnelConnection> connections = new TreeMap<>();

  @GuardedBy("lock")
  private boolean over;

  private long nextFrame = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE / 2);
  private volatile long lastControlNanos = System.nanoTime();
  private volatile long lastHeardNanos = System.nanoTime();
  private volatile long writingSinceNanos;
  private volatile boolean writing;

  /** While the reader hands a message over it hears nothing, which is not the peer's fault. */
  private volatile boolean delivering;

  private volatile long roundTripNanos;
  private volatile long sentBytes;
  private volatile long receivedBytes;
  private volatile @Nullable TunnelException broken;

  /**
   * A session over a WebSocket that is open.
   *
   * @param name of the peer, for threads and log lines
   * @param pings whether it is ours to ping and to list our connections: the agent's side
   */
  Session(
      String name,
      WebSocket socket,
      boolean pings,
      Authorizer authorizer,
      LocalDialer dialer,
      SessionTiming timing) {
    this.name = name;
    this.socket = socket;
    this.pings = pings;
    this.authorizer = authorizer;
    this.dialer = dialer;
    this.timing = timing;
  }

  /**
   * Carries connections until the peer goes, a rule is broken or the thread is interrupted; closes
   * the WebSocket and every connection.
   *
   * @throws IOException why the session ended
   */
  void run() throws IOException, InterruptedException {
    lastControlNanos = System.nanoTime();
    lastHeardNanos = lastControlNanos;
    try (ServiceGroup group = ServiceGroup.open("tunnel/" + name)) {
      try {
        group.start("write", this::writeAll);
        group.start("watch", this::watch);
        readAll(group);
      } finally {
        socket.close();
        endAll();
        group.stop();
      }
    } catch (IOException e) {
      TunnelException cause = broken;
      if (cause != null) {
        cause.addSuppressed(e);
        throw cause;
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      throw e;
    }
  }

  /** Bytes that were sent, with the overhead of frames. */
  long sentBytes() {
    return sentBytes;
  }

  long receivedBytes() {
    return receivedBytes;
  }

  /** How long the last pong took; empty before the first. */
  Optional<Duration> roundTrip() {
    long nanos = roundTripNanos;
    return nanos == 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
  }

  int connectionCount() {
    synchronized (lock) {
      return connections.size();
    }
  }

  /** Ends the session from outside. */
  void close() {
    socket.close();
  }

  /**
   * Asks the peer to dial. There is no answer to wait for: a refusal shows as a failing read.
   *
   * @throws TunnelException when the session is over
   */
  TunnelConnection dial(String protocol, String address) throws TunnelException {
    TunnelConnection connection = new TunnelConnection(nextConnection.getAndIncrement(), links);
    synchronized (lock) {
      if (over) {
        throw new TunnelException("tunnel disconnect");
      }
      connections.put(connection.id(), connection);
      links.control(new Frame.Connect(connection.id(), DEADLINE_MILLIS, protocol, address));
    }
    return connection;
  }

  private void readAll(ServiceGroup group) throws IOException, InterruptedException {
    while (true) {
      WebSocketMessage message = socket.receive();
      count(message);
      delivering = true;
      switch (message.kind()) {
        case BINARY -> on(FrameCodec.decode(message.bytes()), group);
        case TEXT -> throw new TunnelException("a text message, which is no frame");
        case PING -> {
          lastControlNanos = System.nanoTime();
          put(new Outbox.Item.Pong());
        }
        case PONG -> onPong();
        case CLOSE ->
            throw new TunnelException("the peer closed the tunnel, code " + message.closeCode());
      }
      lastHeardNanos = System.nanoTime();
      delivering = false;
    }
  }

  /** Only the reader counts what comes. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void count(WebSocketMessage message) {
    receivedBytes += message.bytes().length;
    lastHeardNanos = System.nanoTime();
  }

  private void onPong() {
    lastControlNanos = System.nanoTime();
    outbox.ponged(lastControlNanos).ifPresent(took -> roundTripNanos = took.toNanos());
  }

  private void on(Frame frame, ServiceGroup group) throws InterruptedException {
    switch (frame) {
      case Frame.Data data -> onData(data);
      case Frame.Connect connect -> onConnect(connect, group);
      case Frame.Ended(long id, String text) -> {
        TunnelConnection connection = remove(id);
        if (connection != null) {
          outbox.forget(id);
          links.control(new Frame.Ended(id, text));
          connection.endedByPeer(text);
        }
      }
      case Frame.Pause(long id) -> pause(id, true);
      case Frame.Resume(long id) -> pause(id, false);
      case Frame.SyncConnections(List<Long> known) -> onSync(known);
      case Frame.AddClient _, Frame.RemoveClient _, Frame.Unknown _ ->
          log.atTrace().addKeyValue("server", name).addKeyValue("frame", frame).log("ignored");
    }
  }

  private void onData(Frame.Data data) throws InterruptedException {
    TunnelConnection connection = find(data.connection());
    if (connection == null) {
      links.control(
          new Frame.Ended(data.connection(), "connection not found client/0/" + data.connection()));
    } else if (!connection.receive(data.payload(), timing.backedUp())) {
      connection.close("backed up reader");
      connection.discardInput();
    }
  }

  private void onConnect(Frame.Connect wanted, ServiceGroup group) {
    long id = wanted.connection();
    switch (authorizer.decide(wanted.protocol(), wanted.address())) {
      case EgressDecision.Denied(String reason) -> {
        log.atWarn()
            .addKeyValue("server", name)
            .addKeyValue("address", wanted.address())
            .addKeyValue("reason", reason)
            .log("connection through the tunnel refused");
        links.control(new Frame.Ended(id, reason));
      }
      case EgressDecision.Allowed(HostPort target) -> {
        TunnelConnection connection = new TunnelConnection(id, links);
        TunnelConnection before;
        synchronized (lock) {
          before = connections.put(id, connection);
        }
        if (before != null) {
          before.endedByPeer("connection id used again");
        }
        group.start("connection-" + id, () -> carry(connection, target, group));
      }
    }
  }

  /** Dials and copies both ways until either ends. */
  private void carry(TunnelConnection connection, HostPort target, ServiceGroup group) {
    try (Socket local = dialer.dial(target, DIAL_LIMIT)) {
      group.start("connection-" + connection.id() + "-back", () -> copyBack(connection, local));
      byte[] bytes = new byte[COPY_BYTES];
      int count = connection.input().read(bytes, 0, bytes.length);
      while (count >= 0) {
        local.getOutputStream().write(bytes, 0, count);
        count = connection.input().read(bytes, 0, bytes.length);
      }
      connection.close("EOF");
    } catch (IOException | RuntimeException e) {
      log.atDebug().setCause(e).addKeyValue("target", target).log("tunnel connection ended");
      connection.close(textOf(e));
    } finally {
      connection.discardInput();
    }
  }

  private static void copyBack(TunnelConnection connection, Socket local) {
    byte[] bytes = new byte[COPY_BYTES];
    while (true) {
      int count;
      try {
        count = local.getInputStream().read(bytes, 0, bytes.length);
      } catch (IOException e) {
        connection.close(textOf(e));
        return;
      }
      if (count < 0) {
        // There is no half-close: what the peer still sends has nowhere to go.
        connection.close("EOF");
        closeQuietly(local);
        return;
      }
      try {
        connection.output().write(bytes, 0, count);
      } catch (IOException e) {
        // The peer ended it; the other thread delivers what came before, then closes.
        return;
      }
    }
  }

  private static void closeQuietly(Socket local) {
    try {
      local.close();
    } catch (IOException e) {
      log.atTrace().setCause(e).log("a socket did not close");
    }
  }

  private void onSync(List<Long> known) {
    if (pings) {
      // Servers send no lists; an agent of another make on the far side would not be asked.
      return;
    }
    // A list may have passed a Connect on its way: only what is older than any way counts.
    long newest = System.nanoTime() - timing.deadline().toNanos();
    List<Long> lost;
    synchronized (lock) {
      lost =
          connections.values().stream()
              .filter(connection -> connection.sinceNanos() - newest < 0)
              .map(TunnelConnection::id)
              .filter(id -> !known.contains(id))
              .toList();
    }
    for (long id : lost) {
      TunnelConnection connection = remove(id);
      if (connection != null) {
        connection.endedByPeer("the agent does not know the connection");
      }
    }
  }

  private void pause(long id, boolean paused) {
    TunnelConnection connection = find(id);
    if (connection != null) {
      connection.pausedByPeer(paused);
    }
  }

  private void writeAll() throws InterruptedException {
    try {
      while (true) {
        Outbox.Item item = outbox.take();
        writingSinceNanos = System.nanoTime();
        writing = true;
        switch (item) {
          case Outbox.Item.Message(Frame frame) -> {
            write(frame);
            mark();
          }
          case Outbox.Item.Ping _ -> ping();
          case Outbox.Item.Pong _ -> socket.sendPong(EMPTY);
          case Outbox.Item.Sync _ -> write(new Frame.SyncConnections(snapshot()));
        }
        writing = false;
      }
    } catch (InterruptedIOException e) {
      throw new InterruptedException(e.getMessage());
    } catch (IOException e) {
      breakOff("cannot write to the tunnel: " + textOf(e));
    }
  }

  /** Only the writer counts what goes. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void write(Frame frame) throws IOException {
    byte[] message = FrameCodec.encode(nextFrame++, frame);
    socket.sendBinary(message);
    sentBytes += message.length;
  }

  private void ping() throws IOException {
    outbox.pinged(System.nanoTime());
    socket.sendPing(EMPTY);
  }

  private void mark() throws IOException {
    if (outbox.marks(System.nanoTime())) {
      socket.sendPing(EMPTY);
    }
  }

  private void watch() throws InterruptedException {
    long start = System.nanoTime();
    long nextPing = start + timing.ping().toNanos();
    long nextSync = start + timing.sync().toNanos();
    while (true) {
      long now = System.nanoTime();
      Optional<String> fault = fault(now);
      if (fault.isPresent()) {
        breakOff(fault.get());
        return;
      }
      if (pings && now - nextPing >= 0) {
        put(new Outbox.Item.Ping());
        nextPing = now + timing.ping().toNanos();
      }
      if (pings && now - nextSync >= 0) {
        put(new Outbox.Item.Sync());
        nextSync = now + timing.sync().toNanos();
      }
      long quiet = lastHeardNanos + timing.silence().toNanos() - now;
      long pause = Math.min(timing.ping().toNanos(), Math.max(quiet, MIN_WATCH.toNanos()));
      Sleeper.SYSTEM.sleep(
          Duration.ofNanos(pings ? Math.min(pause, Math.max(1, nextPing - now)) : pause));
    }
  }

  /** Why the session has to end by force, if it has to. */
  private Optional<String> fault(long now) {
    if (writing && now - writingSinceNanos > timing.silence().toNanos()) {
      return Optional.of("a write took longer than " + seconds(timing.silence()));
    }
    if (delivering) {
      return Optional.empty();
    }
    if (now - lastHeardNanos > timing.silence().toNanos()) {
      return Optional.of("the peer has been silent for " + seconds(timing.silence()));
    }
    return now - lastControlNanos > timing.deadline().toNanos()
        ? Optional.of("the peer sent neither ping nor pong for " + seconds(timing.deadline()))
        : Optional.empty();
  }

  private static String seconds(Duration time) {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }

  private void put(Outbox.Item item) {
    if (!outbox.putControl(item)) {
      breakOff("the peer takes nothing while it asks for more and more");
    }
  }

  private void breakOff(String reason) {
    if (broken == null) {
      broken = new TunnelException(reason);
    }
    socket.close();
  }

  /** With those that are over here and whose last bytes still wait for their turn. */
  private List<Long> snapshot() {
    TreeSet<Long> known;
    synchronized (lock) {
      known = new TreeSet<>(connections.keySet());
    }
    known.addAll(outbox.waiting());
    return List.copyOf(known);
  }

  private @Nullable TunnelConnection find(long id) {
    synchronized (lock) {
      return connections.get(id);
    }
  }

  private @Nullable TunnelConnection remove(long id) {
    synchronized (lock) {
      return connections.remove(id);
    }
  }

  private void endAll() {
    List<TunnelConnection> ending;
    synchronized (lock) {
      over = true;
      ending = List.copyOf(connections.values());
      connections.clear();
    }
    outbox.close();
    ending.forEach(connection -> connection.endedByPeer("tunnel disconnect"));
  }

  private static String textOf(Exception e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private final class Links implements TunnelConnection.Peer {
    @Override
    public void send(Frame.Data data) throws IOException, InterruptedException {
      outbox.putData(data);
    }

    @Override
    public void control(Frame frame) {
      put(new Outbox.Item.Message(frame));
    }

    @Override
    public boolean forget(long connection) {
      return remove(connection) != null;
    }
  }
}
