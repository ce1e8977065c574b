package org.k3sjvm.kubelet.volume;

import org.jspecify.annotations.Nullable;

/** A volume could not be set up or taken down; the message is the one for the event. */
public final class VolumeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public VolumeException(String message) {
    this(message, null);
  }

  public VolumeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Never null. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
