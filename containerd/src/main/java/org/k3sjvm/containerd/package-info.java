/**
 * containerd as a child of the agent. Open {@link org.k3sjvm.containerd.Containerd} first, then
 * {@link org.k3sjvm.containerd.ContainerdConfig}. What runs in it is left to the kubelet, talking
 * to it to {@code cri}. Files and behaviour follow k3s v1.36 pkg/agent/containerd; unlike there, a
 * containerd that dies is started again while the agent goes on.
 */
@NullMarked
package org.k3sjvm.containerd;

import org.jspecify.annotations.NullMarked;
