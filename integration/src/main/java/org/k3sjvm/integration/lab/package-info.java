/**
 * Hosts made of namespaces on a network of their own, for tests of whole agents and servers. Open
 * {@link org.k3sjvm.integration.lab.Lan} first, then {@link org.k3sjvm.integration.lab.Host}. What
 * runs on the hosts is left to the tests. The technique is that of unshare(1) and nsenter(1); a
 * host ends with the process that made it, however that ends.
 */
@NullMarked
package org.k3sjvm.integration.lab;

import org.jspecify.annotations.NullMarked;
