/**
 * The host's packet filter, table by table. Open {@link org.k3sjvm.linux.filter.PacketFilter}
 * first. What the rules say is left to flannel, the service proxy and the network policies. Text
 * and transactions are those of nft(8).
 */
@NullMarked
package org.k3sjvm.linux.filter;

import org.jspecify.annotations.NullMarked;
