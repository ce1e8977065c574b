package org.k3sjvm.tunnel;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.k3sjvm.base.backoff.RetryLog;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.http.Headers;
import org.k3sjvm.http.SocketDuplex;
import org.k3sjvm.http.websocket.WebSocket;
import org.k3sjvm.http.websocket.WebSocketHandshake;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Keeps a tunnel to one server, for ever: a lost one is made again three seconds later. */
final class TunnelClient {
  private static final Logger log = LoggerFactory.getLogger(TunnelClient.class);

  /** Source: k3s v1.36.3 pkg/agent/tunnel, and remotedialer client.go. */
  static final Duration RETRY = Duration.ofSeconds(3);

  /** How often a server that stays away is told of. */
  private static final Duration REMIND = Duration.ofMinutes(1);

  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);
  private static final Duration HANDSHAKE_LIMIT = Duration.ofSeconds(10);

  private final HostPort server;
  private final Supplier<SSLContext> tls;
  private final Authorizer authorizer;
  private final SessionTiming timing;
  private final Sleeper sleeper;
  private final RetryLog talk = new RetryLog(REMIND);
  private volatile State state = State.NEW;

  /** All that others may ask about, replaced as one. */
  private record State(
      TunnelHealth health,
      Optional<Instant> since,
      Optional<Session> session,
      int lost,
      Optional<TunnelReport.Failure> lastError) {
    static final State NEW =
        new State(TunnelHealth.UNKNOWN, Optional.empty(), Optional.empty(), 0, Optional.empty());

    State up(Session session, Instant now) {
      return new State(TunnelHealth.OK, Optional.of(now), Optional.of(session), lost, lastError);
    }

    State down(String reason, Instant now) {
      return new State(
          TunnelHealth.FAILED,
          health == TunnelHealth.FAILED ? since : Optional.of(now),
          Optional.empty(),
          lost + (health == TunnelHealth.OK ? 1 : 0),
          Optional.of(new TunnelReport.Failure(reason, now)));
    }
  }

  TunnelClient(
      HostPort server,
      Supplier<SSLContext> tls,
      Authorizer authorizer,
      SessionTiming timing,
      Sleeper sleeper) {
    this.server = server;
    this.tls = tls;
    this.authorizer = authorizer;
    this.timing = timing;
    this.sleeper = sleeper;
  }

  TunnelHealth health() {
    return state.health();
  }

  TunnelReport report() {
    State now = state;
    Optional<Session> session = now.session();
    return new TunnelReport(
        server,
        now.health(),
        now.since(),
        session.map(Session::sentBytes).orElse(0L),
        session.map(Session::receivedBytes).orElse(0L),
        session.map(Session::connectionCount).orElse(0),
        session.flatMap(Session::roundTrip),
        now.lost(),
        now.lastError());
  }

  /** Runs until interrupted. */
  void run() throws InterruptedException {
    while (true) {
      try {
        connectOnce();
      } catch (IOException | RuntimeException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        down(reason(e), Instant.now());
      }
      sleeper.sleep(RETRY);
    }
  }

  private void down(String reason, Instant now) {
    boolean wasUp = state.health() == TunnelHealth.OK;
    state = state.down(reason, now);
    boolean news = talk.tells(reason, now);
    log.atLevel(wasUp || news ? Level.WARN : Level.DEBUG)
        .addKeyValue("server", server)
        .addKeyValue("reason", reason)
        .addKeyValue("retryIn", RETRY)
        .log("tunnel is down");
  }

  private void connectOnce() throws IOException, InterruptedException {
    try (Socket raw = new Socket()) {
      raw.connect(
          new InetSocketAddress(server.host(), server.port()),
          Math.toIntExact(CONNECT_LIMIT.toMillis()));
      raw.setTcpNoDelay(true);
      raw.setKeepAlive(true);
      SocketDuplex connection = new SocketDuplex(secured(raw), raw);
      connection.readTimeout(HANDSHAKE_LIMIT);
      WebSocket socket =
          WebSocketHandshake.connect(
              connection,
              server.toString(),
              TunnelServer.PATH,
              Headers.EMPTY,
              TunnelServer.MAX_MESSAGE_BYTES);
      connection.readTimeout(Duration.ZERO);
      Session session =
          new Session(server.toString(), socket, true, authorizer, TunnelClient::dialLocal, timing);
      state = state.up(session, Instant.now());
      log.atInfo().addKeyValue("server", server).log("tunnel is up");
      session.run();
    }
  }

  private static String reason(Exception fault) {
    return fault.getMessage() == null ? fault.getClass().getSimpleName() : fault.getMessage();
  }

  /** A context for each connection, so that a renewed certificate is used from then on. */
  private SSLSocket secured(Socket raw) throws IOException {
    SSLSocket secured =
        (SSLSocket)
            tls.get().getSocketFactory().createSocket(raw, server.host(), server.port(), true);
    SSLParameters parameters = secured.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    secured.setSSLParameters(parameters);
    secured.setSoTimeout(Math.toIntExact(HANDSHAKE_LIMIT.toMillis()));
    secured.startHandshake();
    return secured;
  }

  private static Socket dialLocal(HostPort target, Duration limit) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(
          new InetSocketAddress(target.host(), target.port()), Math.toIntExact(limit.toMillis()));
      socket.setTcpNoDelay(true);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw new IOException("cannot dial " + target + ": " + e.getMessage(), e);
    }
  }
}
