/**
 * Which endpoints serve which clients of a service. Open {@link
 * org.k3sjvm.serviceproxy.choose.EndpointChoice} first. How packets get there is left to the
 * packages program and rules. Decisions follow kube-proxy v1.36 pkg/proxy/topology.go.
 */
@NullMarked
package org.k3sjvm.serviceproxy.choose;

import org.jspecify.annotations.NullMarked;
