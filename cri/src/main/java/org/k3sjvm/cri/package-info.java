/**
 * The container runtime and its images, in our own words. Open {@link
 * org.k3sjvm.cri.ContainerRuntime} first, then {@link org.k3sjvm.cri.ImageService}. What to run is
 * left to the kubelet, the wire to {@code cri.grpc}. The calls and records follow the Kubernetes
 * CRI v1 API (cri-api v1.36).
 */
@NullMarked
package org.k3sjvm.cri;

import org.jspecify.annotations.NullMarked;
