/**
 * Which connections of this node's pods are let through. Open {@link
 * org.k3sjvm.networkpolicy.NetworkPolicies} first. Addresses and routes are left to flannel,
 * Services to the service proxy, sets and chains of the kernel to the module linux. Behaviour
 * follows networking.k8s.io/v1, and kube-router v2.6 as k3s v1.36.3 runs it where the API leaves it
 * open.
 */
@NullMarked
package org.k3sjvm.networkpolicy;

import org.jspecify.annotations.NullMarked;
