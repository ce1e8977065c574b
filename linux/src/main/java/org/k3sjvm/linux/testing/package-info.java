/**
 * Hosts that exist in memory, for tests of whoever asks something of a host. Open {@link
 * org.k3sjvm.linux.testing.FakeMounts} first. They keep state and refuse what the kernel would
 * refuse. They are left out of production code by the layering test.
 */
@NullMarked
package org.k3sjvm.linux.testing;

import org.jspecify.annotations.NullMarked;
