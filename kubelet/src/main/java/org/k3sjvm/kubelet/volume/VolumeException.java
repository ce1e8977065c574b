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

  /** Of a volume whose source cannot be found out, in the words of the event. */
  static VolumeException unprocessed(String volume, String why) {
    return new VolumeException(
        "Unable to attach or mount volumes: unmounted volumes=["
            + volume
            + "], unattached volumes=[], failed to process volumes=["
            + volume
            + "]: "
            + why);
  }

  /** Whether the message is already that of an event. */
  boolean isComplete() {
    return getMessage().startsWith("Unable to attach or mount volumes: ");
  }

  /** Never null. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
