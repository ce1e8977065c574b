/**
 * Our tables in the kernel, and what upstream's agent left there. Open {@link
 * org.k3sjvm.networkpolicy.rules.KernelTables} first. What the tables say is left to {@code
 * compile}. Tables of others are never changed.
 */
@NullMarked
package org.k3sjvm.networkpolicy.rules;

import org.jspecify.annotations.NullMarked;
