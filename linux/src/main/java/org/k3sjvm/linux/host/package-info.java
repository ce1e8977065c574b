/**
 * Facts about this process and its host, and what the kernel is set to. Open {@link
 * org.k3sjvm.linux.host.HostPreparation} first. Control groups and mounts are left to their own
 * packages. Values follow k3s v1.36.3 pkg/agent/syssetup and proc(5).
 */
@NullMarked
package org.k3sjvm.linux.host;

import org.jspecify.annotations.NullMarked;
