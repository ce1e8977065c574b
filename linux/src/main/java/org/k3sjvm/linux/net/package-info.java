/**
 * Links, addresses, routes and neighbours of the host's network, as values and ports. Open {@link
 * org.k3sjvm.linux.net.HostNetwork} first. How the kernel is spoken to is left to the netlink
 * package. Words are those of rtnetlink(7) and ip(8).
 */
@NullMarked
package org.k3sjvm.linux.net;

import org.jspecify.annotations.NullMarked;
