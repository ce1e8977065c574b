/**
 * How much pods ask for and what they were given. Open {@link
 * org.k3sjvm.kubelet.resources.PodRequests} first. Turning amounts into the kernel's numbers is
 * left to {@code translate}, deciding who fits to {@code admission}. The sums are part of the
 * Kubernetes API and those of v1.36, component-helpers/resource.
 */
@NullMarked
package org.k3sjvm.kubelet.resources;

import org.jspecify.annotations.NullMarked;
