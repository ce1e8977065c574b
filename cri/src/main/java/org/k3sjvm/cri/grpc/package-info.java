/**
 * The CRI ports over gRPC on a Unix socket. Open {@link org.k3sjvm.cri.grpc.CriChannel} first, then
 * {@link org.k3sjvm.cri.grpc.GrpcContainerRuntime}. What the calls mean is left to the ports; only
 * this package knows the generated messages. Deadlines, sizes and the reconnect backoff follow the
 * kubelet's remote runtime client (Kubernetes v1.36 pkg/kubelet/cri-client).
 */
@NullMarked
package org.k3sjvm.cri.grpc;

import org.jspecify.annotations.NullMarked;
