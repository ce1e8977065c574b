/**
 * Which packets of pods are translated and let through. Open {@link
 * org.k3sjvm.flannel.rules.Masquerade} first. Services' and policies' rules are left to others, and
 * tables of others are never changed. The rules mean what those of flannel v0.28
 * pkg/trafficmngr/iptables mean.
 */
@NullMarked
package org.k3sjvm.flannel.rules;

import org.jspecify.annotations.NullMarked;
