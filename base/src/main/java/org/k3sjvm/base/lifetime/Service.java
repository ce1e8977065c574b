package org.k3sjvm.base.lifetime;

/** A part of the program that runs until it is done or interrupted, and leaves nothing behind. */
@FunctionalInterface
public interface Service {
  /**
   * Blocks until the service ends.
   *
   * @throws InterruptedException when asked to stop; the normal way out
   * @throws Exception a fault, which ends the group
   */
  void run() throws Exception;
}
