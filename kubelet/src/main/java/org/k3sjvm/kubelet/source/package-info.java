/**
 * Which pods this node is to run, and the objects that they refer to. Open {@link
 * org.k3sjvm.kubelet.source.PodSource} first. Running them is left to {@code pod}. Selectors and
 * comparisons are those of the Kubernetes kubelet v1.36, pkg/kubelet/config.
 */
@NullMarked
package org.k3sjvm.kubelet.source;

import org.jspecify.annotations.NullMarked;
