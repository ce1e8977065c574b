/**
 * Services and their endpoints in few bytes, as clusters have thousands. Open {@link
 * org.k3sjvm.serviceproxy.model.ServiceSpec} first. Which endpoint gets a packet is left to the
 * package choose. Fields follow the API types core/v1 Service and discovery.k8s.io/v1
 * EndpointSlice.
 */
@NullMarked
package org.k3sjvm.serviceproxy.model;

import org.jspecify.annotations.NullMarked;
