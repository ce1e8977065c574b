/**
 * This host as a Node object: registration, status, lease. Open {@link
 * org.k3sjvm.kubelet.node.NodeKeeper} first. Pods are left to {@code kubelet.pod}, the annotations
 * of the k3s agent to {@code agent}, which finds their texts here. Rules are those of the
 * Kubernetes kubelet v1.36, packages pkg/kubelet/nodestatus and kubelet_node_status.go.
 */
@NullMarked
package org.k3sjvm.kubelet.node;

import org.jspecify.annotations.NullMarked;
