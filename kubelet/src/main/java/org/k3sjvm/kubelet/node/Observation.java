package org.k3sjvm.kubelet.node;

import io.fabric8.kubernetes.api.model.ContainerImage;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.cri.RuntimeVersion;

/**
 * What was seen of this host in one look.
 *
 * @param runtime as last reported; empty before the first report
 * @param runtimeFault why the runtime counts as down; empty when it does not
 * @param version of the runtime, when it is known
 * @param images largest first, already cut to the number that nodes list
 * @param storageBytes size of the file system below the kubelet's root; 0 when unknown
 * @param pressure what is short
 * @param shuttingDown whether the host is about to stop
 */
public record Observation(
    MachineFacts machine,
    Optional<RuntimeStatus> runtime,
    Optional<String> runtimeFault,
    Optional<RuntimeVersion> version,
    List<ContainerImage> images,
    long storageBytes,
    Pressure pressure,
    boolean shuttingDown) {
  public Observation {
    images = List.copyOf(images);
  }

  /** What the node is short of. */
  public record Pressure(boolean memory, boolean disk, boolean pids) {
    public static final Pressure NONE = new Pressure(false, false, false);
  }
}
