/**
 * Services on this node: packets to their addresses reach one of their endpoints. Open {@link
 * org.k3sjvm.serviceproxy.ServiceProxy} first. Sockets and rules of the kernel are left to the
 * module linux, pods' addresses to flannel, policies to networkpolicy. Behaviour follows kube-proxy
 * v1.36 as k3s v1.36.3 runs it.
 */
@NullMarked
package org.k3sjvm.serviceproxy;

import org.jspecify.annotations.NullMarked;
