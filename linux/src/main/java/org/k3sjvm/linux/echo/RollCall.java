package org.k3sjvm.linux.echo;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;

/**
 * Asks many hosts at once by ICMP whether they are there, with small packets, from the network
 * namespace in which it was opened. Any thread may call; one call at a time is carried out.
 */
public interface RollCall extends AutoCloseable {
  /**
   * Blocks until all have answered, or the limit.
   *
   * @return those that answered
   */
  Set<InetAddress> answering(Collection<InetAddress> targets, Duration limit)
      throws InterruptedException;

  @Override
  void close();
}
