/**
 * What the API server said last, kept sealed on disk for the time when it does not answer. Open
 * {@link org.k3sjvm.kube.memory.RememberingApi} first, then {@link
 * org.k3sjvm.kube.memory.ApiMemory}. Which objects a node needs, and when it may start from them,
 * is left to the callers. k3s keeps nothing of the kind.
 */
@NullMarked
package org.k3sjvm.kube.memory;

import org.jspecify.annotations.NullMarked;
