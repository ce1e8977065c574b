/**
 * The control groups that pods live in. Open {@link org.k3sjvm.kubelet.cgroup.PodCgroups} first.
 * Containers' own groups are left to the runtime, kernel files to {@code linux.cgroup}. Names and
 * sums are those of the Kubernetes kubelet v1.36, pkg/kubelet/cm.
 */
@NullMarked
package org.k3sjvm.kubelet.cgroup;

import org.jspecify.annotations.NullMarked;
