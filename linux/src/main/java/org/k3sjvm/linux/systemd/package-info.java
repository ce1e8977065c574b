/**
 * What we have to do with systemd: telling it that the agent is up, and asking it for slices. Open
 * {@link org.k3sjvm.linux.systemd.ServiceManager} and {@link
 * org.k3sjvm.linux.systemd.SystemdCgroups} first. When that is so, and which slices, is left to the
 * agent and the kubelet. The protocols are sd_notify(3) and org.freedesktop.systemd1(5).
 */
@NullMarked
package org.k3sjvm.linux.systemd;

import org.jspecify.annotations.NullMarked;
