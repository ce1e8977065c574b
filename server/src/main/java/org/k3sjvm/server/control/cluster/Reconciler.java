package org.k3sjvm.server.control.cluster;

import java.time.Duration;
import java.util.Optional;

/** Brings what a key names nearer to what is wanted; the step of a controller, without a thread. */
@FunctionalInterface
public interface Reconciler<K> {
  Optional<Duration> NO_LATER_LOOK = Optional.empty();

  /**
   * One look at one object, which may be gone.
   *
   * @return when to look again although nothing changes
   * @throws org.k3sjvm.kube.KubeException to be called again after a backoff
   */
  Optional<Duration> reconcile(K key) throws InterruptedException;
}
