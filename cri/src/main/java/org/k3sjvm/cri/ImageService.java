package org.k3sjvm.cri;

import java.util.List;
import java.util.Optional;

/**
 * Images of this host, as CRI v1 sees them. Every call blocks, may be made from any thread, and
 * stops with {@link InterruptedException} when its thread is interrupted; faults are {@link
 * CriException}s.
 *
 * <p>Source: Kubernetes cri-api v1.36, service {@code runtime.v1.ImageService}.
 */
public interface ImageService {
  /**
   * Fetches an image, also when it is present. No deadline: interrupt to cancel.
   *
   * @param sandbox the pod it is for, or empty
   * @return the runtime's reference of the image, fit for {@link ImageSpec#of(String)}
   * @throws CriException.NotFound no such image in the registry
   * @throws CriException.Rejected no access, no such registry, or what the registry sent is bad
   */
  String pullImage(ImageSpec image, Optional<RegistryAuth> auth, Optional<PodSandboxConfig> sandbox)
      throws InterruptedException;

  /** The image; empty when it is not on this host. */
  Optional<Image> imageStatus(ImageSpec image) throws InterruptedException;

  /** Every image, in no order. */
  List<Image> listImages() throws InterruptedException;

  /** Removes an image with all its names; one that is gone is success. */
  void removeImage(ImageSpec image) throws InterruptedException;

  /** The filesystems of images and writable layers. */
  ImageFsInfo imageFsInfo() throws InterruptedException;
}
