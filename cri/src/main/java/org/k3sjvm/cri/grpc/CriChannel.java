package org.k3sjvm.cri.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.cri.CriException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a runtime's socket, shared by the two ports. It has one thread of its own,
 * which moves bytes; calls wait on the threads that make them.
 *
 * <p>Opening does not connect: a runtime that is away makes calls fail with {@code Unavailable} at
 * once, and the channel connects by itself at most three seconds after the runtime is back.
 */
public final class CriChannel implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CriChannel.class);

  /** Source: kubelet v1.36 cri-client, maxMsgSize. */
  private static final int MAX_MESSAGE_BYTES = 16 << 20;

  /** Source: kubelet v1.36 cri-client, maxBackoffDelay. */
  private static final Backoff RECONNECT =
      new Backoff(Duration.ofMillis(50), Duration.ofSeconds(3), 1.2, 0);

  /** The runtime checks that an authority is there; Go's client sends this one on Unix sockets. */
  private static final String AUTHORITY = "localhost";

  private static final int CHUNK_ORDER = 4; // 8 KiB pages << 4 = 128 KiB chunks, not 4 MiB

  private final CriEndpoint endpoint;
  private final EventLoopGroup loop;
  private final ManagedChannel channel;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private int failures;

  @GuardedBy("lock")
  private @Nullable ScheduledFuture<?> nextTry;

  private CriChannel(CriEndpoint endpoint) {
    this.endpoint = endpoint;
    this.loop =
        new MultiThreadIoEventLoopGroup(
            1, Thread.ofPlatform().daemon().name("cri-io").factory(), NioIoHandler.newFactory());
    this.channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(endpoint.socket()))
            .overrideAuthority(AUTHORITY)
            .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
            .eventLoopGroup(loop)
            .withOption(ChannelOption.ALLOCATOR, smallBuffers())
            .withOption(ChannelOption.SO_KEEPALIVE, null) // gRPC sets it, Unix sockets lack it
            .directExecutor()
            .offloadExecutor(Runnable::run)
            .usePlaintext()
            .disableRetry()
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .maxTraceEvents(0)
            .build();
  }

  /** A channel to that socket. */
  public static CriChannel open(CriEndpoint endpoint) {
    CriChannel opened = new CriChannel(endpoint);
    opened.watch(ConnectivityState.IDLE);
    return opened;
  }

  /** Where it leads. */
  public CriEndpoint endpoint() {
    return endpoint;
  }

  /**
   * Makes one call and waits for the answer.
   *
   * @param subject what the call is about, for messages
   * @param deadline empty to wait without end
   */
  <Q, A> A call(
      MethodDescriptor<Q, A> method, Q request, String subject, Optional<Duration> deadline)
      throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    try {
      return ClientCalls.blockingUnaryCall(channel, method, options(deadline), request);
    } catch (StatusRuntimeException e) {
      throw fault(method, subject, e);
    }
  }

  /**
   * Makes one call and reads the answer; one that makes no sense is a fault of the runtime.
   *
   * @param read throws IllegalArgumentException for what cannot be
   */
  <Q, A, T> T call(
      MethodDescriptor<Q, A> method,
      Q request,
      String subject,
      Optional<Duration> deadline,
      Function<A, T> read)
      throws InterruptedException {
    A answer = call(method, request, subject, deadline);
    try {
      return read.apply(answer);
    } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
      throw new CriException.Rejected(
          verb(method), subject, "the answer makes no sense: " + e.getMessage(), true, e);
    }
  }

  /** Makes one call and hands its answers over until the runtime ends the stream. */
  <Q, A> void stream(MethodDescriptor<Q, A> method, Q request, Consumer<A> sink)
      throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    try {
      Iterator<A> answers =
          ClientCalls.blockingServerStreamingCall(channel, method, CallOptions.DEFAULT, request);
      while (answers.hasNext()) {
        sink.accept(answers.next());
      }
    } catch (StatusRuntimeException e) {
      throw fault(method, "", e);
    }
  }

  /** Ends the connection and its thread; calls in flight fail. Idempotent. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      if (nextTry != null) {
        nextTry.cancel(false);
      }
    }
    channel.shutdownNow();
    if (!loop.shutdownGracefully(0, 1, TimeUnit.SECONDS)
        .awaitUninterruptibly(2, TimeUnit.SECONDS)) {
      log.atWarn().addKeyValue("endpoint", endpoint).log("runtime connection did not end in time");
    }
  }

  private static CallOptions options(Optional<Duration> deadline) {
    return deadline
        .map(d -> CallOptions.DEFAULT.withDeadlineAfter(d.toNanos(), TimeUnit.NANOSECONDS))
        .orElse(CallOptions.DEFAULT);
  }

  private RuntimeException fault(
      MethodDescriptor<?, ?> method, String subject, StatusRuntimeException e)
      throws InterruptedException {
    if (Thread.interrupted()) {
      InterruptedException interrupted = new InterruptedException();
      interrupted.initCause(e);
      throw interrupted;
    }
    return Faults.translate(verb(method), subject, endpoint, e);
  }

  private static String verb(MethodDescriptor<?, ?> method) {
    String verb = method.getBareMethodName();
    return verb == null ? "" : verb;
  }

  /**
   * Follows the connection. gRPC's own wait between tries grows to two minutes; it is cut short
   * here, because a runtime that is back is wanted back.
   */
  private void watch(ConnectivityState last) {
    ConnectivityState now = channel.getState(true);
    if (now != last) {
      log.atDebug()
          .addKeyValue("endpoint", endpoint)
          .addKeyValue("from", last)
          .addKeyValue("to", now)
          .log("runtime connection changed");
    }
    if (now == ConnectivityState.SHUTDOWN) {
      return;
    }
    synchronized (lock) {
      if (now == ConnectivityState.TRANSIENT_FAILURE) {
        retryLater();
      } else if (now == ConnectivityState.READY) {
        failures = 0;
      }
    }
    channel.notifyWhenStateChanged(now, () -> watch(now));
  }

  @GuardedBy("lock")
  private void retryLater() {
    if (closed || (nextTry != null && !nextTry.isDone())) {
      return;
    }
    Duration wait = RECONNECT.after(failures++, RandomGenerator.getDefault());
    nextTry = loop.schedule(this::retry, wait.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void retry() {
    if (channel.getState(true) != ConnectivityState.TRANSIENT_FAILURE) {
      return;
    }
    channel.resetConnectBackoff();
    // The state stays a failure until a try succeeds, so no change may follow to wake us.
    synchronized (lock) {
      if (!closed) {
        Duration wait = RECONNECT.after(failures++, RandomGenerator.getDefault());
        nextTry = loop.schedule(this::retry, wait.toNanos(), TimeUnit.NANOSECONDS);
      }
    }
  }

  /** One arena of small chunks: a node's calls are a few kilobytes each. */
  private static ByteBufAllocator smallBuffers() {
    return new PooledByteBufAllocator(true, 0, 1, 8192, CHUNK_ORDER, 0, 0, false);
  }
}
