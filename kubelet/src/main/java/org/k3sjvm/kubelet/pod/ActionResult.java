package org.k3sjvm.kubelet.pod;

import java.util.Optional;
import org.k3sjvm.cri.ContainerId;

/** How an action ended. */
public sealed interface ActionResult {
  ActionResult DONE = new Done();

  /** Nothing more to say. */
  record Done() implements ActionResult {}

  /**
   * A container runs.
   *
   * @param postStartFailure why its hook failed; empty when it did not
   */
  record Started(ContainerId id, Optional<String> postStartFailure) implements ActionResult {}

  /**
   * It did not work.
   *
   * @param reason one word as status names it, such as {@code ErrImagePull}
   * @param volumeImage the image that could not be had, when it is not the container's own
   */
  record Failed(String reason, String message, Optional<String> volumeImage)
      implements ActionResult {
    public Failed(String reason, String message) {
      this(reason, message, Optional.empty());
    }
  }

  /** A newer wish came in between; what is done so far shows at the next look. */
  record Interrupted() implements ActionResult {}
}
