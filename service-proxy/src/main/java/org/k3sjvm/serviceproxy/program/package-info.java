/**
 * What the packet filter is to hold for each service, as elements of its sets. Open {@link
 * org.k3sjvm.serviceproxy.program.Programs} first. The chains that look into these sets are left to
 * the package rules, who gets which endpoint to choose. The layout is our own; what it does to
 * packets follows kube-proxy v1.36 pkg/proxy/nftables.
 */
@NullMarked
package org.k3sjvm.serviceproxy.program;

import org.jspecify.annotations.NullMarked;
