package org.k3sjvm.cri.grpc;

import static org.k3sjvm.cri.grpc.CriMethods.IMAGE_FS_INFO;
import static org.k3sjvm.cri.grpc.CriMethods.IMAGE_STATUS;
import static org.k3sjvm.cri.grpc.CriMethods.LIST_IMAGES;
import static org.k3sjvm.cri.grpc.CriMethods.PULL_IMAGE;
import static org.k3sjvm.cri.grpc.CriMethods.REMOVE_IMAGE;

import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageFsInfo;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.RegistryAuth;
import org.k3sjvm.cri.proto.ImageFsInfoRequest;
import org.k3sjvm.cri.proto.ImageStatusRequest;
import org.k3sjvm.cri.proto.ListImagesRequest;
import org.k3sjvm.cri.proto.PullImageRequest;
import org.k3sjvm.cri.proto.RemoveImageRequest;

/** {@link ImageService} over a {@link CriChannel}. */
public final class GrpcImageService implements ImageService {
  private final CriChannel channel;
  private final CriTimeouts timeouts;

  public GrpcImageService(CriChannel channel, CriTimeouts timeouts) {
    this.channel = channel;
    this.timeouts = timeouts;
  }

  @Override
  public String pullImage(
      ImageSpec image, Optional<RegistryAuth> auth, Optional<PodSandboxConfig> sandbox)
      throws InterruptedException {
    PullImageRequest.Builder request =
        PullImageRequest.newBuilder().setImage(ConfigsToProto.image(image));
    auth.ifPresent(a -> request.setAuth(ConfigsToProto.auth(a)));
    sandbox.ifPresent(s -> request.setSandboxConfig(ConfigsToProto.sandbox(s)));
    return channel.call(PULL_IMAGE, request.build(), image.image(), Optional.empty()).getImageRef();
  }

  @Override
  public Optional<Image> imageStatus(ImageSpec image) throws InterruptedException {
    return channel.call(
        IMAGE_STATUS,
        ImageStatusRequest.newBuilder().setImage(ConfigsToProto.image(image)).build(),
        image.image(),
        timeouts.plain(),
        answer ->
            answer.hasImage()
                ? Optional.of(StatesFromProto.image(answer.getImage()))
                : Optional.empty());
  }

  @Override
  public List<Image> listImages() throws InterruptedException {
    return channel.call(
        LIST_IMAGES,
        ListImagesRequest.getDefaultInstance(),
        "",
        timeouts.plain(),
        answer -> answer.getImagesList().stream().map(StatesFromProto::image).toList());
  }

  @Override
  public void removeImage(ImageSpec image) throws InterruptedException {
    try {
      channel.call(
          REMOVE_IMAGE,
          RemoveImageRequest.newBuilder().setImage(ConfigsToProto.image(image)).build(),
          image.image(),
          timeouts.plain());
    } catch (CriException.NotFound gone) {
      return; // What was asked for is so.
    }
  }

  @Override
  public ImageFsInfo imageFsInfo() throws InterruptedException {
    return channel.call(
        IMAGE_FS_INFO,
        ImageFsInfoRequest.getDefaultInstance(),
        "",
        timeouts.plain(),
        StatsFromProto::imageFs);
  }
}
