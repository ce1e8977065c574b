package org.k3sjvm.tunnel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.http.websocket.WebSocket;
import org.k3sjvm.http.websocket.WebSocketHandshake;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's end of the tunnels: agents come by WebSocket and stay, others dial through them by
 * node name. A node may hold several sessions, as it does when it reconnects before the old one is
 * known to be dead, so the newest is used. Thread-safe.
 */
public final class TunnelServer implements AutoCloseable {
  /** Where agents connect. */
  public static final String PATH = "/v1-k3s/connect";

  /** The protocol sets no limit; the reference sends at most 32 KiB in a frame. */
  static final int MAX_MESSAGE_BYTES = 1024 * 1024;

  private static final Logger log = LoggerFactory.getLogger(TunnelServer.class);

  private final SessionTiming timing;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<String, Deque<Session>> sessions = new HashMap<>();

  public TunnelServer() {
    this(SessionTiming.SERVER);
  }

  TunnelServer(SessionTiming timing) {
    this.timing = timing;
  }

  /**
   * Turns a request into the session of a node and carries it until the agent goes; call it from
   * the handler of {@link #PATH}, after the node has been authenticated.
   *
   * @throws IOException why the session ended
   */
  public void accept(Request request, Response response, String nodeName)
      throws IOException, InterruptedException {
    WebSocket socket =
        WebSocketHandshake.accept(request, response, Optional.empty(), MAX_MESSAGE_BYTES);
    Session session =
        new Session(
            nodeName,
            socket,
            false,
            Authorizer.NOBODY,
            (target, limit) -> {
              throw new IOException("servers dial nothing for agents");
            },
            timing);
    add(nodeName, session);
    log.atInfo()
        .addKeyValue("node", nodeName)
        .addKeyValue("remote", request.remote())
        .log("tunnel accepted");
    try {
      session.run();
    } finally {
      remove(nodeName, session);
      log.atInfo().addKeyValue("node", nodeName).log("tunnel ended");
    }
  }

  /** Nodes that have a session. */
  public Set<String> nodes() {
    synchronized (lock) {
      return Set.copyOf(sessions.keySet());
    }
  }

  public boolean isConnected(String nodeName) {
    return nodes().contains(nodeName);
  }

  /**
   * A connection that the node's agent makes on its side. It is returned at once; whether the agent
   * could and would dial shows at the first read. TLS may be layered on the socket.
   *
   * @param protocol {@code tcp}
   * @param address {@code host:port}, the host in digits, such as {@code 127.0.0.1:10250}
   * @throws TunnelException when the node has no session; the next move is to wait for its agent
   */
  public Socket dial(String nodeName, String protocol, String address) throws TunnelException {
    HostPort target = HostPort.parse(address);
    Session session;
    synchronized (lock) {
      Deque<Session> own = sessions.get(nodeName);
      if (own == null) {
        throw new TunnelException("no tunnel from node " + nodeName + "; is its agent running?");
      }
      session = own.getLast();
    }
    return new TunnelSocket(
        session.dial(protocol, address),
        new InetSocketAddress(IpAddresses.parse(target.host()), target.port()));
  }

  /** Ends every session; agents come back by themselves. */
  @Override
  public void close() {
    synchronized (lock) {
      sessions.values().forEach(own -> own.forEach(Session::close));
    }
  }

  private void add(String nodeName, Session session) {
    synchronized (lock) {
      sessions.computeIfAbsent(nodeName, _ -> new ArrayDeque<>()).addLast(session);
    }
  }

  private void remove(String nodeName, Session session) {
    synchronized (lock) {
      Deque<Session> own = sessions.get(nodeName);
      if (own != null) {
        own.remove(session);
        if (own.isEmpty()) {
          sessions.remove(nodeName);
        }
      }
    }
  }
}
