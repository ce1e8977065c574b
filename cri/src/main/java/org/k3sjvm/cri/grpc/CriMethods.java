package org.k3sjvm.cri.grpc;

import com.google.protobuf.MessageLite;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.lite.ProtoLiteUtils;
import org.k3sjvm.cri.proto.AttachRequest;
import org.k3sjvm.cri.proto.AttachResponse;
import org.k3sjvm.cri.proto.ContainerEventResponse;
import org.k3sjvm.cri.proto.ContainerStatsRequest;
import org.k3sjvm.cri.proto.ContainerStatsResponse;
import org.k3sjvm.cri.proto.ContainerStatusRequest;
import org.k3sjvm.cri.proto.ContainerStatusResponse;
import org.k3sjvm.cri.proto.CreateContainerRequest;
import org.k3sjvm.cri.proto.CreateContainerResponse;
import org.k3sjvm.cri.proto.Envelope;
import org.k3sjvm.cri.proto.ExecRequest;
import org.k3sjvm.cri.proto.ExecResponse;
import org.k3sjvm.cri.proto.ExecSyncRequest;
import org.k3sjvm.cri.proto.ExecSyncResponse;
import org.k3sjvm.cri.proto.GetEventsRequest;
import org.k3sjvm.cri.proto.ImageFsInfoRequest;
import org.k3sjvm.cri.proto.ImageFsInfoResponse;
import org.k3sjvm.cri.proto.ImageStatusRequest;
import org.k3sjvm.cri.proto.ImageStatusResponse;
import org.k3sjvm.cri.proto.ListContainerStatsRequest;
import org.k3sjvm.cri.proto.ListContainerStatsResponse;
import org.k3sjvm.cri.proto.ListContainersRequest;
import org.k3sjvm.cri.proto.ListContainersResponse;
import org.k3sjvm.cri.proto.ListImagesRequest;
import org.k3sjvm.cri.proto.ListImagesResponse;
import org.k3sjvm.cri.proto.ListPodSandboxRequest;
import org.k3sjvm.cri.proto.ListPodSandboxResponse;
import org.k3sjvm.cri.proto.PodSandboxStatusRequest;
import org.k3sjvm.cri.proto.PodSandboxStatusResponse;
import org.k3sjvm.cri.proto.PortForwardRequest;
import org.k3sjvm.cri.proto.PortForwardResponse;
import org.k3sjvm.cri.proto.PullImageRequest;
import org.k3sjvm.cri.proto.PullImageResponse;
import org.k3sjvm.cri.proto.RemoveContainerRequest;
import org.k3sjvm.cri.proto.RemoveContainerResponse;
import org.k3sjvm.cri.proto.RemoveImageRequest;
import org.k3sjvm.cri.proto.RemoveImageResponse;
import org.k3sjvm.cri.proto.RemovePodSandboxRequest;
import org.k3sjvm.cri.proto.RemovePodSandboxResponse;
import org.k3sjvm.cri.proto.ReopenContainerLogRequest;
import org.k3sjvm.cri.proto.ReopenContainerLogResponse;
import org.k3sjvm.cri.proto.RunPodSandboxRequest;
import org.k3sjvm.cri.proto.RunPodSandboxResponse;
import org.k3sjvm.cri.proto.RuntimeConfigRequest;
import org.k3sjvm.cri.proto.RuntimeConfigResponse;
import org.k3sjvm.cri.proto.StartContainerRequest;
import org.k3sjvm.cri.proto.StartContainerResponse;
import org.k3sjvm.cri.proto.StatusRequest;
import org.k3sjvm.cri.proto.StatusResponse;
import org.k3sjvm.cri.proto.StopContainerRequest;
import org.k3sjvm.cri.proto.StopContainerResponse;
import org.k3sjvm.cri.proto.StopPodSandboxRequest;
import org.k3sjvm.cri.proto.StopPodSandboxResponse;
import org.k3sjvm.cri.proto.SubscribeRequest;
import org.k3sjvm.cri.proto.UpdateContainerResourcesRequest;
import org.k3sjvm.cri.proto.UpdateContainerResourcesResponse;
import org.k3sjvm.cri.proto.UpdateRuntimeConfigRequest;
import org.k3sjvm.cri.proto.UpdateRuntimeConfigResponse;
import org.k3sjvm.cri.proto.VersionRequest;
import org.k3sjvm.cri.proto.VersionResponse;

/** The CRI calls by name, request and response. Source: cri-api v1.36 runtime/v1/api.proto. */
public final class CriMethods {
  private CriMethods() {}

  public static final MethodDescriptor<VersionRequest, VersionResponse> VERSION =
      runtime("Version", VersionRequest.getDefaultInstance(), VersionResponse.getDefaultInstance());

  public static final MethodDescriptor<StatusRequest, StatusResponse> STATUS =
      runtime("Status", StatusRequest.getDefaultInstance(), StatusResponse.getDefaultInstance());

  public static final MethodDescriptor<UpdateRuntimeConfigRequest, UpdateRuntimeConfigResponse>
      UPDATE_RUNTIME_CONFIG =
          runtime(
              "UpdateRuntimeConfig",
              UpdateRuntimeConfigRequest.getDefaultInstance(),
              UpdateRuntimeConfigResponse.getDefaultInstance());

  public static final MethodDescriptor<RuntimeConfigRequest, RuntimeConfigResponse> RUNTIME_CONFIG =
      runtime(
          "RuntimeConfig",
          RuntimeConfigRequest.getDefaultInstance(),
          RuntimeConfigResponse.getDefaultInstance());

  public static final MethodDescriptor<RunPodSandboxRequest, RunPodSandboxResponse>
      RUN_POD_SANDBOX =
          runtime(
              "RunPodSandbox",
              RunPodSandboxRequest.getDefaultInstance(),
              RunPodSandboxResponse.getDefaultInstance());

  public static final MethodDescriptor<StopPodSandboxRequest, StopPodSandboxResponse>
      STOP_POD_SANDBOX =
          runtime(
              "StopPodSandbox",
              StopPodSandboxRequest.getDefaultInstance(),
              StopPodSandboxResponse.getDefaultInstance());

  public static final MethodDescriptor<RemovePodSandboxRequest, RemovePodSandboxResponse>
      REMOVE_POD_SANDBOX =
          runtime(
              "RemovePodSandbox",
              RemovePodSandboxRequest.getDefaultInstance(),
              RemovePodSandboxResponse.getDefaultInstance());

  public static final MethodDescriptor<PodSandboxStatusRequest, PodSandboxStatusResponse>
      POD_SANDBOX_STATUS =
          runtime(
              "PodSandboxStatus",
              PodSandboxStatusRequest.getDefaultInstance(),
              PodSandboxStatusResponse.getDefaultInstance());

  public static final MethodDescriptor<ListPodSandboxRequest, ListPodSandboxResponse>
      LIST_POD_SANDBOX =
          runtime(
              "ListPodSandbox",
              ListPodSandboxRequest.getDefaultInstance(),
              ListPodSandboxResponse.getDefaultInstance());

  public static final MethodDescriptor<CreateContainerRequest, CreateContainerResponse>
      CREATE_CONTAINER =
          runtime(
              "CreateContainer",
              CreateContainerRequest.getDefaultInstance(),
              CreateContainerResponse.getDefaultInstance());

  public static final MethodDescriptor<StartContainerRequest, StartContainerResponse>
      START_CONTAINER =
          runtime(
              "StartContainer",
              StartContainerRequest.getDefaultInstance(),
              StartContainerResponse.getDefaultInstance());

  public static final MethodDescriptor<StopContainerRequest, StopContainerResponse> STOP_CONTAINER =
      runtime(
          "StopContainer",
          StopContainerRequest.getDefaultInstance(),
          StopContainerResponse.getDefaultInstance());

  public static final MethodDescriptor<RemoveContainerRequest, RemoveContainerResponse>
      REMOVE_CONTAINER =
          runtime(
              "RemoveContainer",
              RemoveContainerRequest.getDefaultInstance(),
              RemoveContainerResponse.getDefaultInstance());

  public static final MethodDescriptor<ListContainersRequest, ListContainersResponse>
      LIST_CONTAINERS =
          runtime(
              "ListContainers",
              ListContainersRequest.getDefaultInstance(),
              ListContainersResponse.getDefaultInstance());

  public static final MethodDescriptor<ContainerStatusRequest, ContainerStatusResponse>
      CONTAINER_STATUS =
          runtime(
              "ContainerStatus",
              ContainerStatusRequest.getDefaultInstance(),
              ContainerStatusResponse.getDefaultInstance());

  public static final MethodDescriptor<
          UpdateContainerResourcesRequest, UpdateContainerResourcesResponse>
      UPDATE_CONTAINER_RESOURCES =
          runtime(
              "UpdateContainerResources",
              UpdateContainerResourcesRequest.getDefaultInstance(),
              UpdateContainerResourcesResponse.getDefaultInstance());

  public static final MethodDescriptor<ReopenContainerLogRequest, ReopenContainerLogResponse>
      REOPEN_CONTAINER_LOG =
          runtime(
              "ReopenContainerLog",
              ReopenContainerLogRequest.getDefaultInstance(),
              ReopenContainerLogResponse.getDefaultInstance());

  public static final MethodDescriptor<ExecSyncRequest, ExecSyncResponse> EXEC_SYNC =
      runtime(
          "ExecSync", ExecSyncRequest.getDefaultInstance(), ExecSyncResponse.getDefaultInstance());

  public static final MethodDescriptor<ExecRequest, ExecResponse> EXEC =
      runtime("Exec", ExecRequest.getDefaultInstance(), ExecResponse.getDefaultInstance());

  public static final MethodDescriptor<AttachRequest, AttachResponse> ATTACH =
      runtime("Attach", AttachRequest.getDefaultInstance(), AttachResponse.getDefaultInstance());

  public static final MethodDescriptor<PortForwardRequest, PortForwardResponse> PORT_FORWARD =
      runtime(
          "PortForward",
          PortForwardRequest.getDefaultInstance(),
          PortForwardResponse.getDefaultInstance());

  public static final MethodDescriptor<ContainerStatsRequest, ContainerStatsResponse>
      CONTAINER_STATS =
          runtime(
              "ContainerStats",
              ContainerStatsRequest.getDefaultInstance(),
              ContainerStatsResponse.getDefaultInstance());

  public static final MethodDescriptor<ListContainerStatsRequest, ListContainerStatsResponse>
      LIST_CONTAINER_STATS =
          runtime(
              "ListContainerStats",
              ListContainerStatsRequest.getDefaultInstance(),
              ListContainerStatsResponse.getDefaultInstance());

  public static final MethodDescriptor<GetEventsRequest, ContainerEventResponse>
      GET_CONTAINER_EVENTS =
          method(
              "RuntimeService",
              "GetContainerEvents",
              MethodDescriptor.MethodType.SERVER_STREAMING,
              GetEventsRequest.getDefaultInstance(),
              ContainerEventResponse.getDefaultInstance());

  /** Source: containerd 1.6 to 2.x api/services/events/v1/events.proto. */
  public static final MethodDescriptor<SubscribeRequest, Envelope> SUBSCRIBE =
      MethodDescriptor.<SubscribeRequest, Envelope>newBuilder()
          .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
          .setFullMethodName(
              MethodDescriptor.generateFullMethodName(
                  "containerd.services.events.v1.Events", "Subscribe"))
          .setRequestMarshaller(ProtoLiteUtils.marshaller(SubscribeRequest.getDefaultInstance()))
          .setResponseMarshaller(ProtoLiteUtils.marshaller(Envelope.getDefaultInstance()))
          .build();

  public static final MethodDescriptor<ListImagesRequest, ListImagesResponse> LIST_IMAGES =
      image(
          "ListImages",
          ListImagesRequest.getDefaultInstance(),
          ListImagesResponse.getDefaultInstance());

  public static final MethodDescriptor<ImageStatusRequest, ImageStatusResponse> IMAGE_STATUS =
      image(
          "ImageStatus",
          ImageStatusRequest.getDefaultInstance(),
          ImageStatusResponse.getDefaultInstance());

  public static final MethodDescriptor<PullImageRequest, PullImageResponse> PULL_IMAGE =
      image(
          "PullImage",
          PullImageRequest.getDefaultInstance(),
          PullImageResponse.getDefaultInstance());

  public static final MethodDescriptor<RemoveImageRequest, RemoveImageResponse> REMOVE_IMAGE =
      image(
          "RemoveImage",
          RemoveImageRequest.getDefaultInstance(),
          RemoveImageResponse.getDefaultInstance());

  public static final MethodDescriptor<ImageFsInfoRequest, ImageFsInfoResponse> IMAGE_FS_INFO =
      image(
          "ImageFsInfo",
          ImageFsInfoRequest.getDefaultInstance(),
          ImageFsInfoResponse.getDefaultInstance());

  private static <Q extends MessageLite, A extends MessageLite> MethodDescriptor<Q, A> runtime(
      String name, Q request, A answer) {
    return method("RuntimeService", name, MethodDescriptor.MethodType.UNARY, request, answer);
  }

  private static <Q extends MessageLite, A extends MessageLite> MethodDescriptor<Q, A> image(
      String name, Q request, A answer) {
    return method("ImageService", name, MethodDescriptor.MethodType.UNARY, request, answer);
  }

  private static <Q extends MessageLite, A extends MessageLite> MethodDescriptor<Q, A> method(
      String service, String name, MethodDescriptor.MethodType type, Q request, A answer) {
    return MethodDescriptor.<Q, A>newBuilder()
        .setType(type)
        .setFullMethodName(MethodDescriptor.generateFullMethodName("runtime.v1." + service, name))
        .setRequestMarshaller(ProtoLiteUtils.marshaller(request))
        .setResponseMarshaller(ProtoLiteUtils.marshaller(answer))
        .build();
  }
}
