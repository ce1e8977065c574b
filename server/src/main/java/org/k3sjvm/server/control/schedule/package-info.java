/**
 * Chooses a node for each pod. Open {@link org.k3sjvm.server.control.schedule.Scheduler} first;
 * {@link org.k3sjvm.server.control.schedule.Placement} decides. Running the pod is left to the
 * kubelet of the node. Rules and messages follow kube-scheduler v1.36
 * pkg/scheduler/framework/plugins.
 */
@NullMarked
package org.k3sjvm.server.control.schedule;

import org.jspecify.annotations.NullMarked;
