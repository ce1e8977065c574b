/**
 * One local address in front of all servers: TCP connections go to a server that works. Open {@link
 * org.k3sjvm.lb.LoadBalancer} first. Which servers exist and whether their tunnels are healthy is
 * left to {@code agent}, which tells. States and their changes follow k3s v1.36.3
 * pkg/agent/loadbalancer.
 */
@NullMarked
package org.k3sjvm.lb;

import org.jspecify.annotations.NullMarked;
