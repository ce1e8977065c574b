package org.k3sjvm.server.control.cluster;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kube.KubeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread that drives a reconciler: one key after the other, failed ones again later. */
public final class Controller<K> implements Service {
  private static final Logger log = LoggerFactory.getLogger(Controller.class);

  private static final Backoff BACKOFF =
      new Backoff(Duration.ofMillis(20), Duration.ofMinutes(1), 2, 0.2);
  private static final int LOUD_AFTER_FAILURES = 4; // conflicts mend themselves at once

  private final String name;
  private final WorkQueue<K> queue;
  private final Reconciler<K> reconciler;
  private final Map<K, Integer> failures = new HashMap<>();
  private final RandomGenerator random = RandomGenerator.getDefault();

  public Controller(String name, WorkQueue<K> queue, Reconciler<K> reconciler) {
    this.name = name;
    this.queue = queue;
    this.reconciler = reconciler;
  }

  public String name() {
    return name;
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      step(queue.take());
    }
  }

  private void step(K key) throws InterruptedException {
    try {
      reconciler.reconcile(key).ifPresent(delay -> queue.addAfter(key, delay));
      failures.remove(key);
    } catch (KubeException e) {
      again(key, e, e instanceof KubeException.Conflict || e instanceof KubeException.NotFound);
    } catch (RuntimeException e) { // one odd object must not stop the work on all others
      again(key, e, false);
    }
  }

  private void again(K key, RuntimeException e, boolean expected) {
    int attempt = failures.merge(key, 1, Integer::sum);
    Duration delay = BACKOFF.after(attempt - 1, random);
    if (attempt >= LOUD_AFTER_FAILURES || !expected) {
      log.atWarn()
          .setCause(e instanceof KubeException ? null : e)
          .addKeyValue("controller", name)
          .addKeyValue("object", key)
          .addKeyValue("attempt", attempt)
          .addKeyValue("retryIn", delay)
          .addKeyValue("reason", e.getMessage())
          .log("cannot bring an object to its wanted state, trying again");
    }
    queue.addAfter(key, delay);
  }
}
