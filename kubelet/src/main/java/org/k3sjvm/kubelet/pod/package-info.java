/**
 * The life of one pod: what is wanted, what is, and what to do next. Open {@link
 * org.k3sjvm.kubelet.pod.PodLookup} first. Carrying a plan out is left to {@code pod.effect},
 * writing status to {@code status}. Rules are those of the Kubernetes kubelet v1.36, package
 * kuberuntime and pod_workers.go.
 */
@NullMarked
package org.k3sjvm.kubelet.pod;

import org.jspecify.annotations.NullMarked;
