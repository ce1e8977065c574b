/**
 * Static pods as users of the API server see them. Open {@link
 * org.k3sjvm.kubelet.source.mirror.Mirrors} first. Running the pods themselves is left to {@code
 * pod}. Rules are those of the Kubernetes kubelet v1.36, pkg/kubelet/pod and
 * tryReconcileMirrorPods.
 */
@NullMarked
package org.k3sjvm.kubelet.source.mirror;

import org.jspecify.annotations.NullMarked;
