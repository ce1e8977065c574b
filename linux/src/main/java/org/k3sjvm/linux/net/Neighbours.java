package org.k3sjvm.linux.net;

import java.util.List;

/**
 * Permanent neighbours, and forwarding entries of VXLAN devices. Faults are {@link
 * org.k3sjvm.linux.LinuxException}s.
 */
public interface Neighbours {
  /** The permanent ones of both families. */
  List<Neighbour> neighbours(int link);

  /** Makes it the neighbour of that address. */
  void replaceNeighbour(Neighbour neighbour);

  /** Succeeds when it is gone. */
  void removeNeighbour(Neighbour neighbour);

  /** Those with a destination. */
  List<ForwardingEntry> forwarding(int link);

  /** Makes it the destination of that MAC address. */
  void replaceForwarding(ForwardingEntry entry);

  /** Succeeds when it is gone. */
  void removeForwarding(ForwardingEntry entry);
}
