package org.k3sjvm.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kubelet.handler.RudeServer;

/** Against a real gRPC server, and against what is none. */
class GrpcHealthTest {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final MethodDescriptor<byte[], byte[]> CHECK =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("grpc.health.v1.Health/Check")
          .setRequestMarshaller(new Bytes())
          .setResponseMarshaller(new Bytes())
          .build();

  private @Nullable Server server;

  @AfterEach
  void stop() throws InterruptedException {
    if (server != null) {
      server.shutdownNow().awaitTermination();
    }
  }

  @Test
  void isContentWithAServiceThatServes() throws Exception {
    int port = serve((_, to) -> answer(to, 1));

    assertThat(check(port, "")).isEqualTo(new Answer.Good());
  }

  @Test
  void asksForTheServiceByName() throws Exception {
    String name = "a-name-that-is-long-enough-for-two-bytes-of-length-".repeat(3);
    int port =
        serve(
            (request, to) ->
                answer(to, new String(request, StandardCharsets.UTF_8).endsWith(name) ? 1 : 3));

    assertThat(check(port, name)).isEqualTo(new Answer.Good());
    assertThat(check(port, "other"))
        .isEqualTo(new Answer.Bad("service unhealthy (responded with \"SERVICE_UNKNOWN\")"));
  }

  @Test
  void namesWhatDoesNotServe() throws Exception {
    int port = serve((_, to) -> answer(to, 2));

    assertThat(check(port, ""))
        .isEqualTo(new Answer.Bad("service unhealthy (responded with \"NOT_SERVING\")"));
  }

  @Test
  void passesOnWhyTheCallFailed() throws Exception {
    int port =
        serve(
            (_, to) ->
                to.onError(Status.NOT_FOUND.withDescription("no 100% such + thing").asException()));

    assertThat(check(port, ""))
        .isEqualTo(
            new Answer.Bad(
                "error: health rpc probe failed: rpc error: code = NotFound desc = no 100% such +"
                    + " thing"));
  }

  @Test
  void saysThatAServerHasNoHealthService() throws Exception {
    int port = start(onLoopback());

    assertThat(((Answer.Bad) check(port, "")).output())
        .startsWith(
            "error: this server does not implement the grpc health protocol"
                + " (grpc.health.v1.Health): ");
  }

  @Test
  void doesNotWaitLongerThanItMay() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    int port = serve((_, _) -> {});
    try (RudeServer silent = RudeServer.that(_ -> never.await())) {
      assertThat(GrpcHealth.check("127.0.0.1", port, "", Duration.ofSeconds(1)))
          .isEqualTo(new Answer.Bad("timeout: health rpc did not complete within 1s"));
      assertThat(GrpcHealth.check("127.0.0.1", silent.port(), "", Duration.ofSeconds(1)))
          .isEqualTo(
              new Answer.Bad(
                  "timeout: failed to connect service \"127.0.0.1:%d\" within 1s: context deadline"
                          .formatted(silent.port())
                      + " exceeded"));
    }
  }

  @Test
  void meetsOtherProtocolsAndClosedPorts() throws Exception {
    try (RudeServer http = RudeServer.saying("HTTP/1.1 400 Bad Request\r\n\r\n")) {
      assertThat(((Answer.Bad) check(http.port(), "")).output())
          .contains("the server does not speak HTTP/2");
    }
    try (RudeServer huge =
        RudeServer.that(
            c -> c.getOutputStream().write(new byte[] {-1, -1, -1, 4, 0, 0, 0, 0, 0}))) {
      assertThat(((Answer.Bad) check(huge.port(), "")).output()).contains("does not speak HTTP/2");
    }
    int closed;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      closed = free.getLocalPort();
    }
    assertThat(((Answer.Bad) check(closed, "")).output())
        .isEqualTo(
            "error: failed to connect service at \"127.0.0.1:%1$d\": dial tcp 127.0.0.1:%1$d: connect: connection refused"
                .formatted(closed));
  }

  private static Answer check(int port, String service) throws InterruptedException {
    return GrpcHealth.check("127.0.0.1", port, service, LIMIT);
  }

  private int serve(ServerCalls.UnaryMethod<byte[], byte[]> method) throws IOException {
    return start(
        onLoopback()
            .addService(
                ServerServiceDefinition.builder("grpc.health.v1.Health")
                    .addMethod(CHECK, ServerCalls.asyncUnaryCall(method))
                    .build()));
  }

  private int start(NettyServerBuilder builder) throws IOException {
    Server started = builder.build().start();
    server = started;
    return started.getPort();
  }

  private static NettyServerBuilder onLoopback() {
    return NettyServerBuilder.forAddress(
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
  }

  private static void answer(StreamObserver<byte[]> to, int status) {
    to.onNext(new byte[] {8, (byte) status});
    to.onCompleted();
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
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
