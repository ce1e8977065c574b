/**
 * Carries a pod's plan out, one verb to a file. Open {@link org.k3sjvm.kubelet.pod.effect.Effects}
 * first. What to do is decided in {@code pod}; the runtime, volumes and images are ports. Order and
 * events are those of the Kubernetes kubelet v1.36, pkg/kubelet/kuberuntime.
 */
@NullMarked
package org.k3sjvm.kubelet.pod.effect;

import org.jspecify.annotations.NullMarked;
