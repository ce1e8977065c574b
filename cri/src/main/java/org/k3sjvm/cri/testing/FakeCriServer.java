package org.k3sjvm.cri.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.MessageLite;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.k3sjvm.cri.grpc.CriMethods;
import org.k3sjvm.cri.proto.Container;
import org.k3sjvm.cri.proto.ContainerFilter;
import org.k3sjvm.cri.proto.ContainerState;
import org.k3sjvm.cri.proto.ContainerStatus;
import org.k3sjvm.cri.proto.ContainerStatusResponse;
import org.k3sjvm.cri.proto.CreateContainerRequest;
import org.k3sjvm.cri.proto.CreateContainerResponse;
import org.k3sjvm.cri.proto.ExecSyncResponse;
import org.k3sjvm.cri.proto.Image;
import org.k3sjvm.cri.proto.ImageFsInfoResponse;
import org.k3sjvm.cri.proto.ImageStatusResponse;
import org.k3sjvm.cri.proto.ListContainerStatsResponse;
import org.k3sjvm.cri.proto.ListContainersResponse;
import org.k3sjvm.cri.proto.ListImagesResponse;
import org.k3sjvm.cri.proto.ListPodSandboxResponse;
import org.k3sjvm.cri.proto.PodSandbox;
import org.k3sjvm.cri.proto.PodSandboxConfig;
import org.k3sjvm.cri.proto.PodSandboxFilter;
import org.k3sjvm.cri.proto.PodSandboxNetworkStatus;
import org.k3sjvm.cri.proto.PodSandboxState;
import org.k3sjvm.cri.proto.PodSandboxStatus;
import org.k3sjvm.cri.proto.PodSandboxStatusResponse;
import org.k3sjvm.cri.proto.PullImageResponse;
import org.k3sjvm.cri.proto.RemoveContainerResponse;
import org.k3sjvm.cri.proto.RemovePodSandboxResponse;
import org.k3sjvm.cri.proto.RunPodSandboxResponse;
import org.k3sjvm.cri.proto.RuntimeCondition;
import org.k3sjvm.cri.proto.RuntimeStatus;
import org.k3sjvm.cri.proto.StartContainerResponse;
import org.k3sjvm.cri.proto.StatusResponse;
import org.k3sjvm.cri.proto.StopContainerResponse;
import org.k3sjvm.cri.proto.StopPodSandboxResponse;
import org.k3sjvm.cri.proto.UpdateRuntimeConfigResponse;
import org.k3sjvm.cri.proto.VersionResponse;

/**
 * A runtime behind a real Unix socket and real gRPC, for what a fake behind the port cannot show.
 * It has every image, runs every container until it is stopped, and writes one log line for each.
 * Calls that it does not know are refused as unimplemented.
 */
public final class FakeCriServer implements AutoCloseable {
  private static final String LOG_LINE = "2026-01-01T00:00:00.000000000Z stdout F started\n";
  private static final long CREATED = 1_700_000_000_000_000_000L;

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Object lock = new Object();
  private final Server server;

  @GuardedBy("lock")
  private final Map<String, PodSandbox> sandboxes = new LinkedHashMap<>();

  @GuardedBy("lock")
  private final Map<String, Container> containers = new LinkedHashMap<>();

  @GuardedBy("lock")
  private final Map<String, String> logs = new LinkedHashMap<>();

  private FakeCriServer(Path socket) throws IOException {
    server =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .directExecutor()
            .addService(runtime())
            .addService(images())
            .build()
            .start();
  }

  /** Serves on a socket that must not exist yet, until closed. */
  public static FakeCriServer listen(Path socket) throws IOException {
    return new FakeCriServer(socket);
  }

  private ServerServiceDefinition runtime() {
    ServerServiceDefinition.Builder service =
        ServerServiceDefinition.builder("runtime.v1.RuntimeService");
    answer(
        service,
        CriMethods.VERSION,
        q ->
            VersionResponse.newBuilder()
                .setVersion("0.1.0")
                .setRuntimeName("fake")
                .setRuntimeVersion("1.0.0")
                .setRuntimeApiVersion("v1")
                .build());
    answer(service, CriMethods.STATUS, q -> ready());
    answer(
        service,
        CriMethods.UPDATE_RUNTIME_CONFIG,
        q -> UpdateRuntimeConfigResponse.getDefaultInstance());
    answer(service, CriMethods.LIST_POD_SANDBOX, q -> list(q.getFilter()));
    answer(
        service,
        CriMethods.RUN_POD_SANDBOX,
        q -> RunPodSandboxResponse.newBuilder().setPodSandboxId(run(q.getConfig())).build());
    answer(service, CriMethods.POD_SANDBOX_STATUS, q -> sandbox(q.getPodSandboxId()));
    answer(
        service,
        CriMethods.STOP_POD_SANDBOX,
        q -> {
          stop(q.getPodSandboxId());
          return StopPodSandboxResponse.getDefaultInstance();
        });
    answer(
        service,
        CriMethods.REMOVE_POD_SANDBOX,
        q -> {
          synchronized (lock) {
            sandboxes.remove(q.getPodSandboxId());
          }
          return RemovePodSandboxResponse.getDefaultInstance();
        });
    answer(service, CriMethods.LIST_CONTAINERS, q -> list(q.getFilter()));
    answer(service, CriMethods.CREATE_CONTAINER, this::create);
    answer(
        service,
        CriMethods.START_CONTAINER,
        q -> {
          start(q.getContainerId());
          return StartContainerResponse.getDefaultInstance();
        });
    answer(service, CriMethods.CONTAINER_STATUS, q -> container(q.getContainerId()));
    answer(
        service,
        CriMethods.STOP_CONTAINER,
        q -> {
          become(q.getContainerId(), ContainerState.CONTAINER_EXITED);
          return StopContainerResponse.getDefaultInstance();
        });
    answer(
        service,
        CriMethods.REMOVE_CONTAINER,
        q -> {
          synchronized (lock) {
            containers.remove(q.getContainerId());
          }
          return RemoveContainerResponse.getDefaultInstance();
        });
    answer(service, CriMethods.EXEC_SYNC, q -> ExecSyncResponse.getDefaultInstance());
    answer(
        service,
        CriMethods.LIST_CONTAINER_STATS,
        q -> ListContainerStatsResponse.getDefaultInstance());
    return service.build();
  }

  private static ServerServiceDefinition images() {
    ServerServiceDefinition.Builder service =
        ServerServiceDefinition.builder("runtime.v1.ImageService");
    answer(
        service,
        CriMethods.IMAGE_STATUS,
        q ->
            ImageStatusResponse.newBuilder()
                .setImage(
                    Image.newBuilder()
                        .setId("sha256:fake")
                        .addRepoTags(q.getImage().getImage())
                        .setSize(1))
                .build());
    answer(service, CriMethods.LIST_IMAGES, q -> ListImagesResponse.getDefaultInstance());
    answer(
        service,
        CriMethods.PULL_IMAGE,
        q -> PullImageResponse.newBuilder().setImageRef("sha256:fake").build());
    answer(service, CriMethods.IMAGE_FS_INFO, q -> ImageFsInfoResponse.getDefaultInstance());
    return service.build();
  }

  private static <Q extends MessageLite, A extends MessageLite> void answer(
      ServerServiceDefinition.Builder service, MethodDescriptor<Q, A> method, Function<Q, A> by) {
    service.addMethod(
        method,
        ServerCalls.asyncUnaryCall(
            (request, sink) -> {
              try {
                sink.onNext(by.apply(request));
                sink.onCompleted();
              } catch (RuntimeException e) {
                sink.onError(Status.fromThrowable(e).asRuntimeException());
              }
            }));
  }

  private static StatusResponse ready() {
    RuntimeStatus.Builder status = RuntimeStatus.newBuilder();
    for (String type : List.of("RuntimeReady", "NetworkReady")) {
      status.addConditions(RuntimeCondition.newBuilder().setType(type).setStatus(true));
    }
    return StatusResponse.newBuilder().setStatus(status).build();
  }

  private String run(PodSandboxConfig config) {
    synchronized (lock) {
      String id = "sandbox-" + config.getMetadata().getUid() + config.getMetadata().getAttempt();
      sandboxes.put(
          id,
          PodSandbox.newBuilder()
              .setId(id)
              .setMetadata(config.getMetadata())
              .setState(PodSandboxState.SANDBOX_READY)
              .setCreatedAt(CREATED)
              .putAllLabels(config.getLabelsMap())
              .putAllAnnotations(config.getAnnotationsMap())
              .build());
      return id;
    }
  }

  private PodSandboxStatusResponse sandbox(String id) {
    synchronized (lock) {
      PodSandbox is = known(sandboxes, id);
      return PodSandboxStatusResponse.newBuilder()
          .setStatus(
              PodSandboxStatus.newBuilder()
                  .setId(id)
                  .setMetadata(is.getMetadata())
                  .setState(is.getState())
                  .setCreatedAt(is.getCreatedAt())
                  .setNetwork(PodSandboxNetworkStatus.newBuilder().setIp("192.0.2.7"))
                  .putAllLabels(is.getLabelsMap())
                  .putAllAnnotations(is.getAnnotationsMap()))
          .build();
    }
  }

  private void stop(String id) {
    synchronized (lock) {
      PodSandbox is = known(sandboxes, id);
      sandboxes.put(id, is.toBuilder().setState(PodSandboxState.SANDBOX_NOTREADY).build());
      List.copyOf(containers.values()).stream()
          .filter(c -> c.getPodSandboxId().equals(id))
          .forEach(c -> become(c.getId(), ContainerState.CONTAINER_EXITED));
    }
  }

  private ListPodSandboxResponse list(PodSandboxFilter filter) {
    synchronized (lock) {
      return ListPodSandboxResponse.newBuilder()
          .addAllItems(
              sandboxes.values().stream()
                  .filter(s -> labelled(s.getLabelsMap(), filter.getLabelSelectorMap()))
                  .toList())
          .build();
    }
  }

  private ListContainersResponse list(ContainerFilter filter) {
    synchronized (lock) {
      return ListContainersResponse.newBuilder()
          .addAllContainers(
              containers.values().stream()
                  .filter(c -> labelled(c.getLabelsMap(), filter.getLabelSelectorMap()))
                  .toList())
          .build();
    }
  }

  private CreateContainerResponse create(CreateContainerRequest request) {
    synchronized (lock) {
      var config = request.getConfig();
      String id =
          "container-"
              + request.getPodSandboxId()
              + config.getMetadata().getName()
              + config.getMetadata().getAttempt();
      containers.put(
          id,
          Container.newBuilder()
              .setId(id)
              .setPodSandboxId(request.getPodSandboxId())
              .setMetadata(config.getMetadata())
              .setImage(config.getImage())
              .setImageRef(config.getImage().getImage())
              .setImageId("sha256:fake")
              .setState(ContainerState.CONTAINER_CREATED)
              .setCreatedAt(CREATED)
              .putAllLabels(config.getLabelsMap())
              .putAllAnnotations(config.getAnnotationsMap())
              .build());
      logs.put(id, request.getSandboxConfig().getLogDirectory() + "/" + config.getLogPath());
      return CreateContainerResponse.newBuilder().setContainerId(id).build();
    }
  }

  private void start(String id) {
    become(id, ContainerState.CONTAINER_RUNNING);
    synchronized (lock) {
      Path log = Path.of(known(logs, id));
      try {
        Files.createDirectories(log.getParent());
        Files.writeString(log, LOG_LINE);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot write the log of a container to " + log, e);
      }
    }
  }

  private ContainerStatusResponse container(String id) {
    synchronized (lock) {
      Container is = known(containers, id);
      ContainerStatus.Builder status =
          ContainerStatus.newBuilder()
              .setId(id)
              .setMetadata(is.getMetadata())
              .setState(is.getState())
              .setCreatedAt(is.getCreatedAt())
              .setImage(is.getImage())
              .setImageRef(is.getImageRef())
              .setImageId(is.getImageId())
              .setLogPath(known(logs, id))
              .putAllLabels(is.getLabelsMap())
              .putAllAnnotations(is.getAnnotationsMap());
      switch (is.getState()) {
        case CONTAINER_RUNNING -> status.setStartedAt(CREATED + 1);
        case CONTAINER_EXITED -> status.setStartedAt(CREATED + 1).setFinishedAt(CREATED + 2);
        case CONTAINER_CREATED, CONTAINER_UNKNOWN, UNRECOGNIZED -> {}
      }
      return ContainerStatusResponse.newBuilder().setStatus(status).build();
    }
  }

  private void become(String id, ContainerState state) {
    synchronized (lock) {
      containers.put(id, known(containers, id).toBuilder().setState(state).build());
    }
  }

  private static boolean labelled(Map<String, String> labels, Map<String, String> wanted) {
    return labels.entrySet().containsAll(wanted.entrySet());
  }

  private static <T> T known(Map<String, T> all, String id) {
    T found = all.get(id);
    if (found == null) {
      throw Status.NOT_FOUND.withDescription("no such thing: " + id).asRuntimeException();
    }
    return found;
  }

  @Override
  public void close() {
    server.shutdownNow();
    loop.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
  }
}
