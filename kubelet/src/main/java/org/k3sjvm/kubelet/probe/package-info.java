/**
 * Asks running containers how they are. Open {@link org.k3sjvm.kubelet.probe.Prober} first. What
 * follows from an answer is decided in {@code pod}. Rules are those of the Kubernetes kubelet
 * v1.36, pkg/kubelet/prober.
 */
@NullMarked
package org.k3sjvm.kubelet.probe;

import org.jspecify.annotations.NullMarked;
