/**
 * From a server's URL and a token to a node that the cluster trusts. Open {@link
 * org.k3sjvm.join.Join} first. Load balancing and the tunnel are left to {@code lb} and {@code
 * tunnel}, running anything on the node to {@code agent}. Requests, files and waits follow k3s
 * v1.36.3 pkg/agent/config and pkg/clientaccess.
 */
@NullMarked
package org.k3sjvm.join;

import org.jspecify.annotations.NullMarked;
