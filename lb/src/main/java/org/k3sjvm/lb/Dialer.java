package org.k3sjvm.lb;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import jdk.net.ExtendedSocketOptions;
import org.k3sjvm.base.net.HostPort;

/** TCP connections to servers. */
final class Dialer {
  /** Source: k3s v1.36.3 pkg/agent/loadbalancer, defaultDialer. */
  static final Duration TIMEOUT = Duration.ofSeconds(10);

  static final Duration BACKEND_KEEPALIVE = Duration.ofSeconds(30);
  static final Duration CLIENT_KEEPALIVE = Duration.ofMinutes(1);

  private Dialer() {}

  /** Connects to the first address of the host that answers; each has the whole timeout. */
  static SocketChannel dial(HostPort server) throws IOException {
    IOException last = new UnknownHostException(server.host());
    for (InetAddress address : InetAddress.getAllByName(server.host())) {
      SocketChannel channel = SocketChannel.open();
      try {
        channel
            .socket()
            .connect(new InetSocketAddress(address, server.port()), (int) TIMEOUT.toMillis());
        prepare(channel, BACKEND_KEEPALIVE);
        return channel;
      } catch (IOException e) {
        channel.close();
        last = e;
      }
    }
    throw last;
  }

  static void prepare(SocketChannel channel, Duration keepAlive) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    int seconds = (int) keepAlive.toSeconds();
    channel.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, seconds);
    channel.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, seconds);
  }

  /** A fault of dialling in the operator's words. */
  static String describe(IOException fault) {
    return switch (fault) {
      case UnknownHostException e -> "the name is not known to DNS";
      case SocketTimeoutException e -> "no answer within " + TIMEOUT.toSeconds() + " s";
      case NoRouteToHostException e -> "no route to the host";
      case ConnectException e -> "connection refused";
      default -> String.valueOf(fault.getMessage());
    };
  }
}
