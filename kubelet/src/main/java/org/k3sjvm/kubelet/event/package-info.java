/**
 * Events that users read with {@code kubectl describe}. Open {@link
 * org.k3sjvm.kubelet.event.EventRecorder} first. What happened is decided by those who do it.
 * Limits are those of client-go v0.36 tools/record.
 */
@NullMarked
package org.k3sjvm.kubelet.event;

import org.jspecify.annotations.NullMarked;
