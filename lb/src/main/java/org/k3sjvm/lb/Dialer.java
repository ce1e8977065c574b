package org.k3sjvm.lb;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import jdk.net.ExtendedSocketOptions;
import org.k3sjvm.base.net.HostPort;

/** TCP connections to servers, directly or through a proxy. */
final class Dialer {
  /** Source: k3s v1.36.3 pkg/agent/loadbalancer, defaultDialer. */
  static final Duration TIMEOUT = Duration.ofSeconds(10);

  static final Duration BACKEND_KEEPALIVE = Duration.ofSeconds(30);
  static final Duration CLIENT_KEEPALIVE = Duration.ofMinutes(1);

  private final Optional<ProxyHop> proxy;

  /**
   * Dials through the proxy, when there is one.
   *
   * @throws LbException when it is of a kind that is not known
   */
  Dialer(Optional<URI> proxy) {
    this.proxy = proxy.map(ProxyHop::new);
  }

  /**
   * A socket on which the server's bytes come.
   *
   * @param limit for each address that is tried, and for each answer of a proxy
   */
  Socket dial(HostPort server, Duration limit) throws IOException {
    if (proxy.isEmpty()) {
      return connect(server, limit);
    }
    ProxyHop hop = proxy.get();
    Socket socket = connect(hop.address(), limit);
    try {
      return hop.lead(socket, server, limit);
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /** Connects to the first address of the host that answers; each has the whole timeout. */
  private static Socket connect(HostPort server, Duration limit) throws IOException {
    IOException last = new UnknownHostException(server.host());
    for (InetAddress address : addresses(server.host())) {
      Socket socket = new Socket();
      try {
        socket.connect(new InetSocketAddress(address, server.port()), (int) limit.toMillis());
        prepare(socket, BACKEND_KEEPALIVE);
        return socket;
      } catch (IOException e) {
        socket.close();
        last = e;
      }
    }
    throw last;
  }

  /** What stands in a file may be no name that anybody could have. */
  private static InetAddress[] addresses(String host) throws UnknownHostException {
    try {
      return InetAddress.getAllByName(host);
    } catch (IllegalArgumentException e) {
      UnknownHostException unknown = new UnknownHostException(host);
      unknown.initCause(e);
      throw unknown;
    }
  }

  static void prepare(Socket socket, Duration keepAlive) throws IOException {
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    int seconds = (int) keepAlive.toSeconds();
    socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, seconds);
    socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, seconds);
  }

  /** A fault of dialling in the operator's words. */
  static String describe(IOException fault) {
    return switch (fault) {
      case UnknownHostException e -> "the name is not known to DNS";
      case SocketTimeoutException e -> "no answer in time";
      case NoRouteToHostException e -> "no route to the host";
      case ConnectException e -> "connection refused";
      default -> String.valueOf(fault.getMessage());
    };
  }
}
