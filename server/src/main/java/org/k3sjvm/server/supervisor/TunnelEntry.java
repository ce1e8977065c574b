package org.k3sjvm.server.supervisor;

import java.io.IOException;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;

/** Where the tunnels of nodes end. */
@FunctionalInterface
public interface TunnelEntry {
  /**
   * Upgrades a request to a tunnel and serves it; returns when the tunnel has ended.
   *
   * @param node the authenticated node's name
   */
  void accept(String node, Request request, Response response)
      throws IOException, InterruptedException;
}
