/**
 * The pods' network of this node, and the way to other nodes' pods. Open {@link
 * org.k3sjvm.flannel.Flannel} first. Sockets and rules of the kernel are left to the module linux,
 * Services and policies to others. Behaviour follows flannel v0.28 as k3s v1.36.3 runs it.
 */
@NullMarked
package org.k3sjvm.flannel;

import org.jspecify.annotations.NullMarked;
