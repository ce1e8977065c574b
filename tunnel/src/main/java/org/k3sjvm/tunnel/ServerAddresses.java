package org.k3sjvm.tunnel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.net.HostPort;

/**
 * The servers of the cluster as whoever watches them reports, calmed: lists flap while a server
 * starts, so one is passed on only when no newer one has come for three seconds. Empty lists are
 * ignored, and so is one equal to the last passed on. Source: k3s v1.36.3
 * pkg/agent/tunnel/tunnel.go watchEndpoints.
 */
public final class ServerAddresses implements Service {
  public static final Duration CALM = Duration.ofSeconds(3);

  private final Duration calm;
  private final Consumer<List<HostPort>> sink;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private Optional<List<HostPort>> pending = Optional.empty();

  /**
   * Addresses for a sink, which runs on the thread of this service.
   *
   * @param calm {@link #CALM} but in tests
   */
  public ServerAddresses(Duration calm, Consumer<List<HostPort>> sink) {
    this.calm = calm;
    this.sink = sink;
  }

  /** Reports the servers; the newest report wins. */
  public void offer(List<HostPort> servers) {
    if (servers.isEmpty()) {
      return;
    }
    lock.lock();
    try {
      pending = Optional.of(servers.stream().distinct().sorted().toList());
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void run() throws InterruptedException {
    List<HostPort> last = List.of();
    while (true) {
      List<HostPort> next = awaitCalm();
      if (!next.equals(last)) {
        last = next;
        sink.accept(next);
      }
    }
  }

  private List<HostPort> awaitCalm() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (pending.isEmpty()) {
        changed.await();
      }
      List<HostPort> settled = List.of();
      while (pending.isPresent()) {
        settled = pending.get();
        pending = Optional.empty();
        long left = calm.toNanos();
        while (left > 0 && pending.isEmpty()) {
          left = changed.awaitNanos(left);
        }
      }
      return settled;
    } finally {
      lock.unlock();
    }
  }
}
