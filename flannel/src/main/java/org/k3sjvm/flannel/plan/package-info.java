/**
 * From peers to kernel entries: what is wanted, what differs, and carrying it out. Open {@link
 * org.k3sjvm.flannel.plan.Entries} first. Deciding who is a peer is left to the lease package. The
 * entries are those of flannel v0.28 pkg/backend/vxlan and pkg/backend/hostgw.
 */
@NullMarked
package org.k3sjvm.flannel.plan;

import org.jspecify.annotations.NullMarked;
