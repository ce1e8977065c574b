/**
 * Whether packets get through to other nodes' pods, and if not, why and what to do. Open {@link
 * org.k3sjvm.flannel.check.Diagnosis} first. Mending is left to the {@code Reconciler} and to the
 * operator. Nothing but what any flannel node answers is sent: ICMP echoes, and a connection to the
 * kubelet's port that is closed at once.
 */
@NullMarked
package org.k3sjvm.flannel.check;

import org.jspecify.annotations.NullMarked;
