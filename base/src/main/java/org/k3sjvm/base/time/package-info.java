/**
 * Waiting, as a thing that can be handed in. Open {@link org.k3sjvm.base.time.Sleeper} first.
 * Reading the time is left to {@link java.time.InstantSource}. The split follows the house rule
 * that waits are for an event or a deadline.
 */
@NullMarked
package org.k3sjvm.base.time;

import org.jspecify.annotations.NullMarked;
