/**
 * Control groups of either kernel interface, as one tree of names. Open {@link
 * org.k3sjvm.linux.cgroup.Cgroups} first. Which pod gets which limits is left to the kubelet, and
 * containers' own groups to the runtime. Files follow cgroups(7) and the kernel's cgroup-v1 and
 * cgroup-v2 documents.
 */
@NullMarked
package org.k3sjvm.linux.cgroup;

import org.jspecify.annotations.NullMarked;
