/**
 * What a node remembers of policies while no API server tells them. Open {@link
 * org.k3sjvm.networkpolicy.memory.FactsFile} first. When it is believed is left to {@code
 * NetworkPolicies}. The format is our own, and a file of another version is none.
 */
@NullMarked
package org.k3sjvm.networkpolicy.memory;

import org.jspecify.annotations.NullMarked;
