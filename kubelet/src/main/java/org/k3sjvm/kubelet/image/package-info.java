/**
 * Getting images onto the node. Open {@link org.k3sjvm.kubelet.image.Images} first. Removing unused
 * ones is left to others. Policies and words are those of the Kubernetes kubelet v1.36,
 * pkg/kubelet/images.
 */
@NullMarked
package org.k3sjvm.kubelet.image;

import org.jspecify.annotations.NullMarked;
