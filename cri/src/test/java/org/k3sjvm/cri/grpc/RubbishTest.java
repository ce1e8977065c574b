package org.k3sjvm.cri.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.MessageLite;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.proto.Container;
import org.k3sjvm.cri.proto.ContainerStatus;
import org.k3sjvm.cri.proto.ContainerStatusResponse;
import org.k3sjvm.cri.proto.ListContainersResponse;
import org.k3sjvm.cri.proto.ListPodSandboxResponse;
import org.k3sjvm.cri.proto.PodSandbox;
import org.k3sjvm.cri.proto.PodSandboxStatusResponse;

/** A runtime that answers what cannot be: a fault of its own, which callers know how to meet. */
class RubbishTest {
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private Server server;
  private CriChannel channel;
  private GrpcContainerRuntime runtime;

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    Path socket = directory.resolve("cri.sock");
    ServerServiceDefinition.Builder service =
        ServerServiceDefinition.builder("runtime.v1.RuntimeService");
    answer(
        service,
        CriMethods.LIST_CONTAINERS,
        ListContainersResponse.newBuilder()
            .addContainers(Container.newBuilder().setId("a").setPodSandboxId("s"))
            .build());
    answer(
        service,
        CriMethods.LIST_POD_SANDBOX,
        ListPodSandboxResponse.newBuilder().addItems(PodSandbox.getDefaultInstance()).build());
    answer(
        service,
        CriMethods.CONTAINER_STATUS,
        ContainerStatusResponse.newBuilder()
            .setStatus(ContainerStatus.newBuilder().setId("another"))
            .build());
    answer(service, CriMethods.POD_SANDBOX_STATUS, PodSandboxStatusResponse.getDefaultInstance());
    server =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .directExecutor()
            .addService(service.build())
            .build()
            .start();
    channel = CriChannel.open(new CriEndpoint(socket));
    runtime = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
  }

  @AfterEach
  void stop() {
    channel.close();
    server.shutdownNow();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void aSandboxWithoutAnId() {
    assertThatThrownBy(() -> runtime.listPodSandboxes(SandboxFilter.ALL))
        .isInstanceOfSatisfying(
            CriException.Rejected.class, e -> assertThat(e.retryable()).isTrue())
        .hasMessageContaining("makes no sense");
  }

  @Test
  void theStatusOfAnother() {
    assertThatThrownBy(() -> runtime.containerStatus(new ContainerId("a")))
        .isInstanceOf(CriException.Rejected.class)
        .hasMessageContaining("it is about another");
    assertThatThrownBy(() -> runtime.podSandboxStatus(new SandboxId("s")))
        .isInstanceOf(CriException.Rejected.class);
  }

  @Test
  void aContainerThatWasNotAskedFor() throws InterruptedException {
    assertThat(runtime.listContainers(ContainerFilter.ALL)).hasSize(1);
    assertThat(runtime.listContainers(ContainerFilter.labelled(Map.of("pod", "mine")))).isEmpty();
  }

  private static <Q extends MessageLite, A extends MessageLite> void answer(
      ServerServiceDefinition.Builder service, MethodDescriptor<Q, A> method, A with) {
    service.addMethod(
        method,
        ServerCalls.asyncUnaryCall(
            (request, sink) -> {
              sink.onNext(with);
              sink.onCompleted();
            }));
  }
}
