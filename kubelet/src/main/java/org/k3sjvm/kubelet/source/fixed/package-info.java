/**
 * Static pods: those that files and URLs on this node ask for. Open {@link
 * org.k3sjvm.kubelet.source.fixed.FileSource} first. Taking and running them is left to {@code
 * admission} and {@code pod}, showing them to the API server to {@code source.mirror}. Formats,
 * names and checks are those of the Kubernetes kubelet v1.36, pkg/kubelet/config.
 */
@NullMarked
package org.k3sjvm.kubelet.source.fixed;

import org.jspecify.annotations.NullMarked;
