/**
 * The reverse tunnel by which servers reach a node's kubelet without being able to dial it. Open
 * {@link org.k3sjvm.tunnel.Tunnels} first for the agent's side and {@link
 * org.k3sjvm.tunnel.TunnelServer} for the server's. Finding the servers, and what their health
 * means to others, is left to those who hand it in. Behaviour follows k3s v1.36.3 pkg/agent/tunnel
 * and rancher/remotedialer, which v1.21 servers speak as well.
 */
@NullMarked
package org.k3sjvm.tunnel;

import org.jspecify.annotations.NullMarked;
