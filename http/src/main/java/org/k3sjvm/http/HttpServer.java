package org.k3sjvm.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.k3sjvm.base.net.IpAddresses;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An HTTP/1.1 server, with or without TLS. One platform thread moves the bytes of all connections;
 * each connection's requests are parsed and handled by blocking code on a virtual thread.
 *
 * <p>Everything one client can make it hold is bounded by {@link HttpLimits}. Over TLS it speaks
 * 1.2 and 1.3 by the JDK's provider and offers no HTTP/2, which upgrades do not go with.
 */
public final class HttpServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HttpServer.class);
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);
  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final WriteBufferWaterMark OUTBOUND =
      new WriteBufferWaterMark(16 * 1024, 64 * 1024);

  private final HttpServerConfig config;
  private final Handler handler;
  private final EventLoopGroup loop;
  private final Set<Serving> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closing;
  private final Channel listener;

  private HttpServer(HttpServerConfig config, Handler handler) throws IOException {
    this.config = config;
    this.handler = handler;
    this.loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory(config.name(), true), NioIoHandler.newFactory());
    this.listener = bind();
  }

  /**
   * Listens and serves until closed.
   *
   * @throws IOException when it cannot listen there; the message names address and reason
   */
  public static HttpServer start(HttpServerConfig config, Handler handler) throws IOException {
    return new HttpServer(config, handler);
  }

  /** Where it listens, with the port that was chosen. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /** How many connections are open. */
  public int connections() {
    return open.size();
  }

  /**
   * Stops listening, ends idle connections, lets requests in work finish for two seconds, then
   * interrupts their handlers; returns when all have ended.
   */
  @Override
  public void close() {
    closing = true;
    listener.close().awaitUninterruptibly();
    List<Serving> ending = List.copyOf(open);
    ending.forEach(Serving::stop);
    awaitAll(ending);
    open.forEach(Serving::interrupt);
    awaitAll(ending);
    loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private static void awaitAll(List<Serving> ending) {
    long deadline = System.nanoTime() + GRACE.toNanos();
    for (Serving serving : ending) {
      serving.awaitUntil(deadline);
    }
  }

  private Channel bind() throws IOException {
    RecvByteBufAllocator receive =
        new AdaptiveRecvByteBufAllocator(512, 2048, 16 * 1024).maxMessagesPerRead(1);
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loop)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 128)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.ALLOCATOR, HeapBuffers.INSTANCE)
            .childOption(ChannelOption.RECVBUF_ALLOCATOR, receive)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, OUTBOUND)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    admit(channel);
                  }
                });
    InetSocketAddress address =
        new InetSocketAddress(IpAddresses.parse(config.listen().host()), config.listen().port());
    ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
      Throwable cause = bound.cause();
      throw new IOException(
          "cannot listen on "
              + config.listen()
              + " for "
              + config.name()
              + ": "
              + (cause == null ? "cancelled" : cause.getMessage()),
          cause);
    }
    return bound.channel();
  }

  private void admit(SocketChannel channel) {
    if (closing || open.size() >= config.limits().connections()) {
      log.atWarn()
          .addKeyValue("server", config.name())
          .addKeyValue("remote", channel.remoteAddress())
          .addKeyValue("connections", open.size())
          .log("connection refused, too many are open");
      var _ = channel.close();
      return;
    }
    Serving serving = new Serving(channel);
    open.add(serving);
    channel.closeFuture().addListener(_ -> serving.channelClosed());
    config.tls().ifPresent(tls -> channel.pipeline().addLast(tlsHandler(tls)));
    channel.pipeline().addLast(serving.duplex, serving);
  }

  private static SslHandler tlsHandler(ServerTls tls) {
    // Signing and key agreement take milliseconds: not on the thread that moves everybody's bytes.
    Executor crypto = task -> Thread.ofVirtual().name("tls-handshake").start(task);
    SslHandler ssl = new SslHandler(tls.newEngine(), crypto);
    ssl.setHandshakeTimeoutMillis(HANDSHAKE.toMillis());
    ssl.setCloseNotifyFlushTimeoutMillis(1000);
    return ssl;
  }

  /** One connection: starts its thread when the client may speak, and knows when both are over. */
  private final class Serving extends ChannelInboundHandlerAdapter {
    private final SocketChannel channel;
    private final NettyDuplex duplex;
    private final ServerConnection connection;
    private final Thread thread;
    private volatile boolean finished;

    Serving(SocketChannel channel) {
      this.channel = channel;
      this.duplex = new NettyDuplex(channel, config.limits().write(), this::clientGone);
      this.connection =
          new ServerConnection(
              duplex, channel.remoteAddress(), this::clientCertificates, config.limits(), handler);
      this.thread =
          Thread.ofVirtual()
              .name(config.name() + "/" + channel.remoteAddress())
              .unstarted(this::serve);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      if (config.tls().isEmpty()) {
        thread.start();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake) {
        if (handshake.isSuccess()) {
          thread.start();
        } else {
          log.atDebug()
              .setCause(handshake.cause())
              .addKeyValue("remote", channel.remoteAddress())
              .log("TLS handshake failed");
          var _ = channel.close();
        }
      }
    }

    private void serve() {
      try {
        connection.run();
      } finally {
        finished = true;
        if (!channel.isOpen()) {
          open.remove(this);
        }
      }
    }

    void channelClosed() {
      if (finished || thread.getState() == Thread.State.NEW) {
        open.remove(this);
      }
    }

    void clientGone() {
      connection.clientGone();
    }

    void stop() {
      connection.stop();
      if (thread.getState() == Thread.State.NEW) {
        var _ = channel.close();
      }
    }

    void interrupt() {
      thread.interrupt();
      duplex.close();
    }

    void awaitUntil(long deadlineNanos) {
      try {
        Duration left = Duration.ofNanos(deadlineNanos - System.nanoTime());
        if (left.isPositive() && thread.getState() != Thread.State.NEW) {
          var _ = thread.join(left);
        }
        // The thread's last bytes are on their way until the channel is closed.
        var _ =
            channel
                .closeFuture()
                .await(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private Optional<List<X509Certificate>> clientCertificates() {
      SslHandler tls = channel.pipeline().get(SslHandler.class);
      if (tls == null || config.tls().isEmpty()) {
        return Optional.empty();
      }
      try {
        List<X509Certificate> chain = new ArrayList<>();
        for (Certificate certificate : tls.engine().getSession().getPeerCertificates()) {
          if (certificate instanceof X509Certificate x509) {
            chain.add(x509);
          }
        }
        return config.tls().get().verify(chain);
      } catch (SSLPeerUnverifiedException e) {
        return Optional.empty();
      }
    }
  }
}
