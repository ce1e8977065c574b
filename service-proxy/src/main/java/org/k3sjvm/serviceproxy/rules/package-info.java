/**
 * The chains of our tables, as text. Open {@link org.k3sjvm.serviceproxy.rules.Skeleton} first. The
 * elements of the sets are left to the package program. Hooks and verdicts follow kube-proxy v1.36
 * pkg/proxy/nftables/proxier.go; chains are for numbers of endpoints instead of services, so that a
 * change of a service changes elements alone.
 */
@NullMarked
package org.k3sjvm.serviceproxy.rules;

import org.jspecify.annotations.NullMarked;
