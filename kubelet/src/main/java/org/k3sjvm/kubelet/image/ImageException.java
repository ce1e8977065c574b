package org.k3sjvm.kubelet.image;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An image cannot be had. The reason is the word that status shows: {@code ErrImagePull}, {@code
 * ErrImageNeverPull}, {@code InvalidImageName}, {@code ImageInspectError}, {@code
 * RegistryUnavailable}, {@code SignatureValidationFailed}.
 */
public final class ImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final @Nullable String volumeImage;

  ImageException(String reason, String message) {
    super(message);
    this.reason = reason;
    volumeImage = null;
  }

  private ImageException(ImageException from, String volumeImage) {
    super(from.getMessage(), from);
    reason = from.reason;
    this.volumeImage = volumeImage;
  }

  /** The same of an image that is to be a volume. */
  public ImageException ofVolume(String image) {
    return new ImageException(this, image);
  }

  /** What could not be had, when it is not a container's own image. */
  public Optional<String> volumeImage() {
    return Optional.ofNullable(volumeImage);
  }

  public String reason() {
    return reason;
  }
}
