/**
 * Which pods this node takes. Open {@link org.k3sjvm.kubelet.admission.Admission} first, the
 * decision, then {@link org.k3sjvm.kubelet.admission.Gatekeeper}, which carries it out. Running
 * what was taken is left to {@code pod}. Rules, reasons and texts are those of the Kubernetes
 * kubelet v1.36, packages lifecycle, sysctl, preemption and allocation.
 */
@NullMarked
package org.k3sjvm.kubelet.admission;

import org.jspecify.annotations.NullMarked;
