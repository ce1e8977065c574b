package org.k3sjvm.lb;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listening sockets on the loopback addresses. Unlike upstream without SO_REUSEPORT: two agents on
 * one port would each get a part of the connections and nobody would notice.
 */
final class Listeners {
  private static final int BACKLOG = 128;
  private static final Logger log = LoggerFactory.getLogger(Listeners.class);

  private Listeners() {}

  /**
   * The first socket is on the wanted family; one on the other follows if that is possible.
   *
   * @throws LbException when the first cannot be had
   */
  static List<ServerSocketChannel> open(LbConfig config) {
    ServerSocketChannel first = bindFirst(config);
    List<ServerSocketChannel> listeners = new ArrayList<>(List.of(first));
    try {
      listeners.add(bind(loopback(!config.ipv6First()), port(first)));
    } catch (IOException e) {
      log.atDebug()
          .addKeyValue("lb", config.name())
          .addKeyValue("cause", e.getMessage())
          .log("not listening on the other loopback address");
    }
    return List.copyOf(listeners);
  }

  static int port(ServerSocketChannel listener) {
    return listener.socket().getLocalPort();
  }

  private static ServerSocketChannel bindFirst(LbConfig config) {
    InetAddress address = loopback(config.ipv6First());
    try {
      return bind(address, config.port());
    } catch (BindException e) {
      throw new LbException(
          ("cannot listen on %s port %d for the load balancer: %s; choose another port with %s, or"
                  + " see who has it: ss -ltnp 'sport = :%d'")
              .formatted(
                  address.getHostAddress(),
                  config.port(),
                  e.getMessage(),
                  config.portFlag(),
                  config.port()),
          e);
    } catch (IOException e) {
      throw new LbException(
          "cannot listen on %s port %d for the load balancer: %s; check the loopback interface: ip address show lo"
              .formatted(address.getHostAddress(), config.port(), e.getMessage()),
          e);
    }
  }

  private static ServerSocketChannel bind(InetAddress address, int port) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      channel.bind(new InetSocketAddress(address, port), BACKLOG);
      return channel;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static InetAddress loopback(boolean ipv6) {
    byte[] v6 = new byte[16];
    v6[15] = 1;
    try {
      return InetAddress.getByAddress(ipv6 ? v6 : new byte[] {127, 0, 0, 1});
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
