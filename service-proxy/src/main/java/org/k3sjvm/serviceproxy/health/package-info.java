/**
 * What the proxy tells those who ask over HTTP: load balancers, and people. Open {@link
 * org.k3sjvm.serviceproxy.health.HealthServers} first. Whether the proxy is well is left to its
 * caller. Answers follow kube-proxy v1.36 pkg/proxy/healthcheck.
 */
@NullMarked
package org.k3sjvm.serviceproxy.health;

import org.jspecify.annotations.NullMarked;
