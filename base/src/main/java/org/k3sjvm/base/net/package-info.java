/**
 * Addresses as values. Open {@link org.k3sjvm.base.net.HostPort} first. Sockets are left to the
 * modules. Text forms follow RFC 3986 (host and port) and RFC 4632 (CIDR).
 */
@NullMarked
package org.k3sjvm.base.net;

import org.jspecify.annotations.NullMarked;
