package org.k3sjvm.kubelet.trace;

import java.util.Locale;

/** What a pod passes on its way to Ready, in order. With several containers the last one counts. */
public enum StartStep {
  /** Directories and control group are made. */
  PREPARED,
  /** Every volume is where containers find it. */
  VOLUMES,
  /** The sandbox runs and has its network. */
  SANDBOX,
  /** The image is there. */
  PULLED,
  CREATED,
  STARTED,
  /** The kubelet has decided that the pod is Ready. */
  READY,
  /** The API server has sent the pod back as Ready. */
  CONFIRMED;

  /** As it is written in metrics and tables. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
