/**
 * The host's packet filter, table by table. Open {@link org.k3sjvm.linux.filter.PacketFilter}
 * first, and {@link org.k3sjvm.linux.filter.FilterElements} for what changes often. What the rules
 * say is left to flannel, the service proxy and the network policies. Text and transactions are
 * those of nft(8), elements those of linux/netfilter/nf_tables.h.
 */
@NullMarked
package org.k3sjvm.linux.filter;

import org.jspecify.annotations.NullMarked;
