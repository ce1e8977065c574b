/**
 * Which interface and addresses of the host carry the pods' packets. Open {@link
 * org.k3sjvm.flannel.uplink.Uplink} first. Devices on top of it are left to the backend package.
 * The choice is that of flannel v0.28 pkg/ip and k3s v1.36.3 pkg/agent/flannel.
 */
@NullMarked
package org.k3sjvm.flannel.uplink;

import org.jspecify.annotations.NullMarked;
