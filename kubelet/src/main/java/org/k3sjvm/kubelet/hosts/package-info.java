/**
 * What a pod is called and how it finds others: host name, {@code /etc/hosts}, resolver
 * configuration. Open {@link org.k3sjvm.kubelet.hosts.Resolver} first. Writing files is left to
 * {@code pod.effect}. Formats are those of the Kubernetes kubelet v1.36, pkg/kubelet/network/dns
 * and kubelet_pods.go.
 */
@NullMarked
package org.k3sjvm.kubelet.hosts;

import org.jspecify.annotations.NullMarked;
