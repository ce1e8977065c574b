/**
 * What the control plane does about nodes: pod networks, addresses, taints, eviction. Open {@link
 * org.k3sjvm.server.control.node.NodeSetup} first, then {@link
 * org.k3sjvm.server.control.node.NodeHealth}. What a node says about itself is left to its kubelet.
 * Behaviour follows kube-controller-manager v1.36 pkg/controller/{nodeipam,nodelifecycle,podgc} and
 * k3s v1.36.3 pkg/cloudprovider.
 */
@NullMarked
package org.k3sjvm.server.control.node;

import org.jspecify.annotations.NullMarked;
