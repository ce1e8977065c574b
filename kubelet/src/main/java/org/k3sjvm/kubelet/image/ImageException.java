package org.k3sjvm.kubelet.image;

/**
 * An image cannot be had. The reason is the word that status shows: {@code ErrImagePull}, {@code
 * ErrImageNeverPull}, {@code InvalidImageName}, {@code ImageInspectError}, {@code
 * RegistryUnavailable}, {@code SignatureValidationFailed}.
 */
public final class ImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  ImageException(String reason, String message) {
    super(message);
    this.reason = reason;
  }

  public String reason() {
    return reason;
  }
}
