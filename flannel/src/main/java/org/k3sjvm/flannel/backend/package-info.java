/**
 * The VXLAN devices that this node owns. Open {@link org.k3sjvm.flannel.backend.VxlanDevice} first.
 * What is sent over them, and to whom, is left to the plan package. Creation and reuse follow
 * flannel v0.28 pkg/backend/vxlan.
 */
@NullMarked
package org.k3sjvm.flannel.backend;

import org.jspecify.annotations.NullMarked;
