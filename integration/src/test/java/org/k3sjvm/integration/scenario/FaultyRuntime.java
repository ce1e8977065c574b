package org.k3sjvm.integration.scenario;

import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Stands between an agent and its runtime and passes every call on, byte for byte, except as the
 * {@link Faults} say.
 */
final class FaultyRuntime implements AutoCloseable {
  private static final Set<String> STREAMS = Set.of("GetContainerEvents", "Subscribe");
  private static final int MOST_BYTES = 16 << 20;
  private static final Duration LONGEST_CALL = Duration.ofMinutes(4);

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final ManagedChannel real;
  private final Server server;
  private final Map<String, Integer> faults = new TreeMap<>();
  private volatile Faults plan = Faults.NONE;

  private FaultyRuntime(Path socket, Path runtime) throws IOException {
    real =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(runtime))
            .overrideAuthority("localhost")
            .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
            .withOption(ChannelOption.SO_KEEPALIVE, null)
            .eventLoopGroup(loop)
            .usePlaintext()
            .maxInboundMessageSize(MOST_BYTES)
            .build();
    server =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .executor(calls)
            .maxInboundMessageSize(MOST_BYTES)
            .fallbackHandlerRegistry(new Everything())
            .build()
            .start();
  }

  /** Serves on a socket that must not exist yet what a runtime's socket has. */
  static FaultyRuntime between(Path socket, Path runtime) {
    try {
      return new FaultyRuntime(socket, runtime);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From now on calls fare as the plan says; those under way end as they began. */
  void follow(Faults next) {
    plan = next;
  }

  /** How often what was done. */
  String summary() {
    synchronized (faults) {
      return faults.toString();
    }
  }

  private void unary(String method, byte[] request, StreamObserver<byte[]> answer) {
    Faults now = plan;
    Faults.Fate fate = now.next(method);
    if (!(fate instanceof Faults.Fate.Pass)) {
      synchronized (faults) {
        faults.merge(method + " " + fate.name(), 1, Integer::sum);
      }
    }
    try {
      byte[] result =
          switch (fate) {
            case Faults.Fate.Pass _ -> forward(method, request);
            case Faults.Fate.Refuse(Status.Code code) -> throw injected(code);
            case Faults.Fate.Delay(Duration by) -> {
              pause(by);
              yield forward(method, request);
            }
            case Faults.Fate.Hang(Duration lasting) -> {
              pause(lasting);
              throw injected(Status.Code.UNAVAILABLE);
            }
            case Faults.Fate.Lose(Status.Code code) -> {
              forward(method, request);
              throw injected(code);
            }
            case Faults.Fate.Lie(long seed) -> now.lie(method, forward(method, request), seed);
          };
      answer.onNext(result);
      answer.onCompleted();
    } catch (StatusRuntimeException e) {
      answer.onError(e);
    }
  }

  private static StatusRuntimeException injected(Status.Code code) {
    return code.toStatus().withDescription("injected").asRuntimeException();
  }

  private void pause(Duration time) {
    try {
      if (closing.await(time.toMillis(), TimeUnit.MILLISECONDS)) {
        throw injected(Status.Code.UNAVAILABLE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw injected(Status.Code.CANCELLED);
    }
  }

  /** Is carried out even when the caller gives up. */
  private byte[] forward(String method, byte[] request) {
    Context caller = Context.ROOT.attach();
    try {
      return ClientCalls.blockingUnaryCall(
          real,
          descriptor(method, MethodDescriptor.MethodType.UNARY),
          CallOptions.DEFAULT.withDeadlineAfter(LONGEST_CALL.toSeconds(), TimeUnit.SECONDS),
          request);
    } finally {
      Context.ROOT.detach(caller);
    }
  }

  private void stream(String method, byte[] request, StreamObserver<byte[]> answer) {
    ClientCalls.asyncServerStreamingCall(
        real.newCall(
            descriptor(method, MethodDescriptor.MethodType.SERVER_STREAMING), CallOptions.DEFAULT),
        request,
        answer);
  }

  @Override
  public void close() {
    closing.countDown();
    server.shutdownNow();
    real.shutdownNow();
    calls.shutdownNow();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static MethodDescriptor<byte[], byte[]> descriptor(
      String fullName, MethodDescriptor.MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(type)
        .setFullMethodName(fullName)
        .setRequestMarshaller(Bytes.AS_THEY_ARE)
        .setResponseMarshaller(Bytes.AS_THEY_ARE)
        .build();
  }

  private final class Everything extends HandlerRegistry {
    @Override
    public ServerMethodDefinition<?, ?> lookupMethod(String fullName, @Nullable String authority) {
      String bare = fullName.substring(fullName.indexOf('/') + 1);
      return STREAMS.contains(bare)
          ? ServerMethodDefinition.create(
              descriptor(fullName, MethodDescriptor.MethodType.SERVER_STREAMING),
              ServerCalls.asyncServerStreamingCall((q, a) -> stream(fullName, q, a)))
          : ServerMethodDefinition.create(
              descriptor(fullName, MethodDescriptor.MethodType.UNARY),
              ServerCalls.asyncUnaryCall((q, a) -> unary(fullName, q, a)));
    }
  }

  private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
    AS_THEY_ARE;

    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
