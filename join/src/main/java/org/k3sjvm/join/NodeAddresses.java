package org.k3sjvm.join;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.IpAddresses;

/**
 * The addresses of this node.
 *
 * @param internal never empty; the first is of the cluster's primary family
 * @param external may be empty
 */
public record NodeAddresses(List<InetAddress> internal, List<InetAddress> external) {
  public NodeAddresses {
    internal = List.copyOf(internal);
    external = List.copyOf(external);
    if (internal.isEmpty()) {
      throw new IllegalArgumentException("a node needs an address");
    }
  }

  public InetAddress primary() {
    return internal.getFirst();
  }

  /** Internal, then external ones. */
  public List<InetAddress> all() {
    List<InetAddress> all = new ArrayList<>(internal);
    all.addAll(external);
    return List.copyOf(all);
  }

  /** Internal and external ones as people write them, joined by commas. */
  @Override
  public String toString() {
    return all().stream().map(IpAddresses::text).collect(Collectors.joining(","));
  }
}
