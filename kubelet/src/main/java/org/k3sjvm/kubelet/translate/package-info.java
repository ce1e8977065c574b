/**
 * Pods in the runtime's words. Open {@link org.k3sjvm.kubelet.translate.SandboxConfigs} and {@link
 * org.k3sjvm.kubelet.translate.ContainerConfigs} first. Values that must be fetched (images,
 * environment, volumes) are left to {@code pod.effect}. The mapping is that of the Kubernetes
 * kubelet v1.36, package pkg/kubelet/kuberuntime.
 */
@NullMarked
package org.k3sjvm.kubelet.translate;

import org.jspecify.annotations.NullMarked;
