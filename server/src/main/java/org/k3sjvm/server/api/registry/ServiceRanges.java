package org.k3sjvm.server.api.registry;

import org.k3sjvm.base.net.Cidr;

/**
 * Where services get their addresses from.
 *
 * @param addresses cluster addresses, such as {@code 10.43.0.0/16}
 * @param firstPort the lowest node port
 * @param lastPort the highest node port
 */
public record ServiceRanges(Cidr addresses, int firstPort, int lastPort) {
  private static final int FIRST_NODE_PORT = 30000;
  private static final int LAST_NODE_PORT = 32767;

  /** The node ports of kube-apiserver's default {@code --service-node-port-range}. */
  public static ServiceRanges of(Cidr addresses) {
    return new ServiceRanges(addresses, FIRST_NODE_PORT, LAST_NODE_PORT);
  }
}
