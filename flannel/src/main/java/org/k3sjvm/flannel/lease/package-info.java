/**
 * What a node says of itself to the others: its pods' networks and how to reach them. Open {@link
 * org.k3sjvm.flannel.lease.NodeLease} first. What follows for the kernel is left to the plan
 * package. Annotations are those of flannel v0.28 pkg/subnet/kube.
 */
@NullMarked
package org.k3sjvm.flannel.lease;

import org.jspecify.annotations.NullMarked;
