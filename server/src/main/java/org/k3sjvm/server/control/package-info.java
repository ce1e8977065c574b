/**
 * The scheduler and the controllers of the embedded control plane. Open {@link
 * org.k3sjvm.server.control.Controllers} first. They know the API by its port alone; storing and
 * serving objects is left to {@code server.store} and {@code server.api}. Behaviour follows
 * kube-scheduler and kube-controller-manager v1.36.
 */
@NullMarked
package org.k3sjvm.server.control;

import org.jspecify.annotations.NullMarked;
