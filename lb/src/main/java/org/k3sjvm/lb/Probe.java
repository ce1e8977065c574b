package org.k3sjvm.lb;

import java.io.IOException;
import org.k3sjvm.base.net.HostPort;

/** Asks a server whether it answers at all; blocks, for seconds at most. */
@FunctionalInterface
interface Probe {
  /**
   * Returns when the server has answered.
   *
   * @throws IOException when it has not, with the reason
   */
  void ask(HostPort server) throws IOException;
}
