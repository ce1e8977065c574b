/**
 * The embedded control plane. Open {@link org.k3sjvm.server.Server} first, then {@link
 * org.k3sjvm.server.ControlPlane}. Certificates and the supervisor's endpoints are left to {@code
 * server.pki}, {@code server.auth} and {@code server.supervisor}. What it offers is what K3s agents
 * and kubectl v1.32 need of a K3s server.
 */
@NullMarked
package org.k3sjvm.server;

import org.jspecify.annotations.NullMarked;
