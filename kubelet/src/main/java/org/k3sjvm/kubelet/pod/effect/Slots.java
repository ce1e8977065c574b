package org.k3sjvm.kubelet.pod.effect;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.k3sjvm.kubelet.pod.Interrupts.Step;

/**
 * How many heavy calls the runtime has to bear at one time. Who finishes a pod goes before who
 * begins one: with many pods at once, each is up as early as it can be, and all no later.
 */
public final class Slots {
  /** Whose turn comes first. */
  enum Turn {
    /** Containers of a sandbox that is there, and everything that ends. */
    FINISH,
    /** New sandboxes. */
    BEGIN
  }

  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition finish = lock.newCondition();
  private final Condition begin = lock.newCondition();

  @GuardedBy("lock")
  private int free;

  @GuardedBy("lock")
  private int finishing;

  public Slots(int count) {
    free = count;
  }

  /** Blocks for a slot; give it back with {@link #release}. */
  void acquire(Turn turn) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      try {
        await(turn);
        free--;
      } finally {
        wake(); // also when giving up: another may wait for what was meant for this one
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void await(Turn turn) throws InterruptedException {
    switch (turn) {
      case FINISH -> {
        finishing++;
        try {
          while (free == 0) {
            finish.await();
          }
        } finally {
          finishing--;
        }
      }
      case BEGIN -> {
        while (free == 0 || finishing > 0) {
          begin.await();
        }
      }
    }
  }

  void release() {
    lock.lock();
    try {
      free++;
      wake();
    } finally {
      lock.unlock();
    }
  }

  /** Runs a step in a slot. */
  void in(Turn turn, Step step) throws InterruptedException {
    acquire(turn);
    try {
      step.run();
    } finally {
      release();
    }
  }

  @GuardedBy("lock")
  private void wake() {
    if (free > 0) {
      (finishing > 0 ? finish : begin).signal();
    }
  }
}
