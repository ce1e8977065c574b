/**
 * Images that the host brings along, put into containerd before pods ask for them. Open {@link
 * org.k3sjvm.containerd.image.ImagePreload} first. Pulling for a pod is left to the kubelet.
 * Places, suffixes and labels follow k3s v1.36 pkg/agent/containerd.
 */
@NullMarked
package org.k3sjvm.containerd.image;

import org.jspecify.annotations.NullMarked;
