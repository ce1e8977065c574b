/**
 * The host's network over rtnetlink sockets. Open {@link org.k3sjvm.linux.netlink.NetlinkNetwork}
 * first. Which links and routes are wanted is left to flannel. Messages follow rtnetlink(7) and
 * linux/{netlink,rtnetlink,if_link,neighbour}.h.
 */
@NullMarked
package org.k3sjvm.linux.netlink;

import org.jspecify.annotations.NullMarked;
