package org.k3sjvm.base.lifetime;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Virtual threads with one owner.
 *
 * <p>The first service that fails interrupts the others; {@link #await} then throws its fault with
 * later ones suppressed. {@link #close} interrupts what still runs and returns when every thread
 * has ended, so no thread outlives the {@code try} block that opened the group. Any thread may call
 * any method.
 */
public final class ServiceGroup implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ServiceGroup.class);

  private final String name;
  private final Object lock = new Object();
  private final CountDownLatch stopping = new CountDownLatch(1);

  @GuardedBy("lock")
  private final List<Thread> threads = new ArrayList<>();

  @GuardedBy("lock")
  private final Set<Thread> waiting = new HashSet<>();

  @GuardedBy("lock")
  private @Nullable Throwable fault;

  private ServiceGroup(String name) {
    this.name = name;
  }

  /** A group whose threads are named {@code name/service}. */
  public static ServiceGroup open(String name) {
    return new ServiceGroup(name);
  }

  /**
   * Starts a service on a thread of its own.
   *
   * @throws IllegalStateException when the group is already stopping
   */
  public void start(String service, Service body) {
    synchronized (lock) {
      if (stopping.getCount() == 0) {
        throw new IllegalStateException(
            "group " + name + " is stopping, " + service + " was not started");
      }
      threads.removeIf(thread -> thread.getState() == Thread.State.TERMINATED);
      threads.add(Thread.ofVirtual().name(name + "/" + service).start(() -> runOne(service, body)));
    }
  }

  /**
   * Blocks until {@link #stop} was called or a service failed.
   *
   * @throws ServiceFailedException when a service failed; its cause is the first fault
   */
  public void await() throws InterruptedException {
    stopping.await();
    synchronized (lock) {
      throwFault();
    }
  }

  /** Something that may take long. */
  @FunctionalInterface
  public interface Step {
    void run() throws InterruptedException;
  }

  /**
   * Runs a step on the calling thread, and interrupts it when a service fails: who waits for what a
   * service brings would wait for ever for one that has ended.
   *
   * @throws ServiceFailedException when a service failed, before or meanwhile
   */
  public void during(Step step) throws InterruptedException {
    Thread caller = Thread.currentThread();
    synchronized (lock) {
      throwFault();
      waiting.add(caller);
    }
    try {
      step.run();
    } catch (InterruptedException e) {
      synchronized (lock) {
        throwFault();
      }
      throw e;
    } finally {
      synchronized (lock) {
        waiting.remove(caller);
      }
    }
    synchronized (lock) {
      if (fault != null) {
        boolean _ = Thread.interrupted(); // it was ours
      }
      throwFault();
    }
  }

  @GuardedBy("lock")
  private void throwFault() {
    if (fault != null) {
      throw new ServiceFailedException(name, fault);
    }
  }

  /** Asks every service to stop and returns at once; idempotent. */
  public void stop() {
    synchronized (lock) {
      stopping.countDown();
      threads.forEach(Thread::interrupt);
    }
  }

  /**
   * Asks every service to stop and returns when all have ended. An interrupt meanwhile is kept for
   * the caller.
   */
  @Override
  public void close() {
    stop();
    List<Thread> ending;
    synchronized (lock) {
      ending = List.copyOf(threads);
    }
    boolean interrupted = false;
    for (Thread thread : ending) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void runOne(String service, Service body) {
    try {
      body.run();
    } catch (InterruptedException e) {
      log.atDebug()
          .addKeyValue("group", name)
          .addKeyValue("service", service)
          .log("service stopped");
    } catch (Throwable t) {
      fail(service, t);
    }
  }

  private void fail(String service, Throwable t) {
    synchronized (lock) {
      if (fault != null) {
        fault.addSuppressed(t);
        return;
      }
      if (stopping.getCount() == 0) {
        log.atDebug()
            .setCause(t)
            .addKeyValue("group", name)
            .addKeyValue("service", service)
            .log("fault while stopping");
        return;
      }
      fault = t;
      stop();
      waiting.forEach(Thread::interrupt);
    }
  }
}
