/**
 * The host's network and packet filter over netlink sockets. Open {@link
 * org.k3sjvm.linux.netlink.NetlinkNetwork} first. Which links, routes and elements are wanted is
 * left to flannel, the service proxy and the network policies. Messages follow rtnetlink(7) and
 * linux/{netlink,rtnetlink,if_link,neighbour}.h and linux/netfilter/.
 */
@NullMarked
package org.k3sjvm.linux.netlink;

import org.jspecify.annotations.NullMarked;
