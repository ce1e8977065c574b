/**
 * Removes what has lost its owner. Open {@link org.k3sjvm.server.control.garbage.GarbageReconciler}
 * first; {@link org.k3sjvm.server.control.garbage.Verdict} decides. Setting the finalizers of a
 * foreground or orphaning deletion is left to the API. Behaviour follows kube-controller-manager
 * v1.36 pkg/controller/garbagecollector.
 */
@NullMarked
package org.k3sjvm.server.control.garbage;

import org.jspecify.annotations.NullMarked;
