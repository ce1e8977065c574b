/**
 * Tells the API server how pods are. Open {@link org.k3sjvm.kubelet.status.StatusWriter} first. The
 * status itself is made in {@code pod}. The protocol (patch with uid, then a deletion with grace 0)
 * is that of the Kubernetes kubelet v1.36, pkg/kubelet/status/status_manager.go.
 */
@NullMarked
package org.k3sjvm.kubelet.status;

import org.jspecify.annotations.NullMarked;
