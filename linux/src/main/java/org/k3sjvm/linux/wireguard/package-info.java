/**
 * WireGuard interfaces: their keys, their peers, and what the kernel says of them. Open {@link
 * org.k3sjvm.linux.wireguard.WireGuard} first. Making the interface itself is left to {@link
 * org.k3sjvm.linux.net.Links}, who is a peer to its callers. Names and meanings are those of Linux
 * include/uapi/linux/wireguard.h.
 */
@NullMarked
package org.k3sjvm.linux.wireguard;

import org.jspecify.annotations.NullMarked;
