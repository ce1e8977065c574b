/**
 * Changes of what running pods may use. Open {@link org.k3sjvm.kubelet.resize.ResizeDesk} first.
 * Bringing a change into force is left to the pod's worker, sums to {@code resources}. Reasons and
 * texts are those of the Kubernetes kubelet v1.36, pkg/kubelet/allocation.
 */
@NullMarked
package org.k3sjvm.kubelet.resize;

import org.jspecify.annotations.NullMarked;
