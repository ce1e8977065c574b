package org.k3sjvm.join;

import java.net.URI;

/** Says how the Kubernetes API is reached, once the server has said on which port it listens. */
@FunctionalInterface
public interface ApiServerAccess {
  /**
   * The base URL for kubeconfigs. May start a load balancer; called again with each try, so the
   * same settings give the same answer.
   */
  URI urlFor(ServerSettings settings);
}
