package org.k3sjvm.kubelet.pod;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What others want of one pod, merged: the newest version wins, kills merge, a removal stays. Only
 * the pod's worker takes; any thread may post.
 *
 * <p>A wish that ends the pod, or ends it sooner, interrupts the part of a step that has declared
 * itself interruptible, and no other.
 */
final class PodInbox implements Interrupts {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private PodWishes wishes;

  @GuardedBy("lock")
  private boolean news = true;

  @GuardedBy("lock")
  private boolean urgent;

  @GuardedBy("lock")
  private boolean stopped;

  @GuardedBy("lock")
  private @Nullable Thread interruptible;

  PodInbox(DesiredPod first) {
    wishes = PodWishes.of(first);
  }

  /** A newer version of the pod. */
  void update(DesiredPod desired) {
    post(w -> new PodWishes(desired, w.kill(), w.removed()));
  }

  /** The node wants it ended. */
  void kill(PodWishes.Kill kill) {
    post(
        w ->
            new PodWishes(
                w.desired(),
                w.kill().map(k -> k.merged(kill)).or(() -> Optional.of(kill)),
                w.removed()));
  }

  /** The source does not know it any more. */
  void removed() {
    post(w -> new PodWishes(w.desired(), w.kill(), true));
  }

  /** Ends the worker, not the pod: every wait throws from now on. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean stopped() {
    lock.lock();
    try {
      return stopped;
    } finally {
      lock.unlock();
    }
  }

  /** The runtime or a probe shows something new. */
  void look() {
    lock.lock();
    try {
      news = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  PodWishes wishes() {
    lock.lock();
    try {
      return wishes;
    } finally {
      lock.unlock();
    }
  }

  /** What is wanted now; from here on only newer wishes interrupt. */
  PodWishes take() {
    lock.lock();
    try {
      news = false;
      urgent = false;
      return wishes;
    } finally {
      lock.unlock();
    }
  }

  /** Blocks until there is news, at most for a time. */
  void await(Optional<Duration> limit) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = limit.map(Duration::toNanos).orElse(Long.MAX_VALUE);
      while (!news && !stopped && left > 0) {
        if (limit.isPresent()) {
          left = changed.awaitNanos(left);
        } else {
          changed.await();
        }
      }
      if (stopped) {
        throw new InterruptedException("the worker is stopped");
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void during(Step step) throws InterruptedException {
    lock.lock();
    try {
      if (urgent || stopped) {
        throw new InterruptedException("a newer wish came");
      }
      interruptible = Thread.currentThread();
    } finally {
      lock.unlock();
    }
    try {
      step.run();
    } finally {
      end();
    }
  }

  private void end() {
    lock.lock();
    try {
      interruptible = null;
      if (urgent && !stopped) {
        Thread.interrupted(); // ours, and the step is over: what follows must not meet it
      }
    } finally {
      lock.unlock();
    }
  }

  private void post(UnaryOperator<PodWishes> change) {
    lock.lock();
    try {
      PodWishes before = wishes;
      wishes = change.apply(before);
      news = true;
      changed.signalAll();
      boolean ends = before.end().isEmpty() && wishes.end().isPresent();
      boolean sooner = wishes.end().isPresent() && wishes.grace().compareTo(before.grace()) < 0;
      if (ends || sooner) {
        urgent = true;
        if (interruptible != null) {
          interruptible.interrupt();
        }
      }
    } finally {
      lock.unlock();
    }
  }
}
