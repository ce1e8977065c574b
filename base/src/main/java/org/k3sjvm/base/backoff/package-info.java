/**
 * How long to wait before the next try. Open {@link org.k3sjvm.base.backoff.Backoff} first. The
 * waiting itself is left to {@link org.k3sjvm.base.time.Sleeper}. The values that modules use cite
 * their own sources.
 */
@NullMarked
package org.k3sjvm.base.backoff;

import org.jspecify.annotations.NullMarked;
