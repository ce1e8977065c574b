package org.k3sjvm.server.supervisor;

import java.util.List;
import org.k3sjvm.base.net.HostPort;

/** What the supervisor asks of the API. Any thread may ask; answers must not take long. */
public interface ClusterState {
  /** Whether the control plane's parts run. */
  boolean ready();

  /** Addresses of the API servers, from the endpoints of service {@code kubernetes}. */
  List<HostPort> apiServers();
}
