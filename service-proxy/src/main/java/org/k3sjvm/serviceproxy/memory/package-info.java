/**
 * What a node remembers of services while no API server tells them. Open {@link
 * org.k3sjvm.serviceproxy.memory.KeptServices} first. When it is believed is left to {@code
 * ServiceMemory}. The format is our own, and a file of another version is none.
 */
@NullMarked
package org.k3sjvm.serviceproxy.memory;

import org.jspecify.annotations.NullMarked;
