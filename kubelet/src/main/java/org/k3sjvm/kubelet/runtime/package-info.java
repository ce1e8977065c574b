/**
 * What the container runtime has, seen as pods. Open {@link
 * org.k3sjvm.kubelet.runtime.RuntimeObserver} first, then {@link
 * org.k3sjvm.kubelet.runtime.RuntimeWatch}. Deciding what follows is left to {@code pod}. The
 * regular look is the Kubernetes kubelet's generic PLEG, v1.36 pkg/kubelet/pleg.
 */
@NullMarked
package org.k3sjvm.kubelet.runtime;

import org.jspecify.annotations.NullMarked;
