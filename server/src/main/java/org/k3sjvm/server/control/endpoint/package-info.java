/**
 * The pods behind each Service. Open {@link org.k3sjvm.server.control.endpoint.EndpointReconciler}
 * first; {@link org.k3sjvm.server.control.endpoint.Slices} decides. Leading traffic there is left
 * to the nodes, and the Service {@code kubernetes} to the control plane itself. Behaviour follows
 * kube-controller-manager v1.36 pkg/controller/{endpointslice,endpoint}.
 */
@NullMarked
package org.k3sjvm.server.control.endpoint;

import org.jspecify.annotations.NullMarked;
