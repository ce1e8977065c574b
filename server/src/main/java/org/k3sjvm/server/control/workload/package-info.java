/**
 * ReplicaSets, Deployments, DaemonSets, Jobs and StatefulSets. Open {@link
 * org.k3sjvm.server.control.workload.ReplicaSetReconciler} first. Where a pod runs is left to
 * {@code control.schedule}, what becomes of the things an owner leaves behind to {@code
 * control.garbage}. Behaviour follows kube-controller-manager v1.36 pkg/controller.
 */
@NullMarked
package org.k3sjvm.server.control.workload;

import org.jspecify.annotations.NullMarked;
