package org.k3sjvm.kubelet.pod;

import java.nio.file.Path;
import java.util.Optional;
import org.k3sjvm.cri.ContainerId;

/**
 * One run of a container, for those who serve its logs and streams.
 *
 * @param logPath the file the runtime writes; empty before the start
 * @param running whether it runs by the last look at the runtime
 */
public record ContainerInstance(
    PodUid pod, String name, ContainerId id, Optional<Path> logPath, boolean running) {}
