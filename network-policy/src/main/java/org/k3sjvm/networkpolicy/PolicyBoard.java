package org.k3sjvm.networkpolicy;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.k3sjvm.networkpolicy.compile.Changes;
import org.k3sjvm.networkpolicy.compile.Family;
import org.k3sjvm.networkpolicy.compile.PolicyModel;

/**
 * Where those who know of changes meet the one who brings them to the kernel, and those who wait
 * for that. Thread-safe; nothing is done outside while its lock is held.
 */
final class PolicyBoard {
  /** The parts of the API that must have been read once. */
  enum Source {
    POLICIES,
    PODS,
    NAMESPACES
  }

  /** What the kernel lacks. */
  sealed interface Work {
    /** No policy: no table. */
    record Nothing(long version) implements Work {}

    /** All of it. */
    record Whole(long version, Map<Family, Changes> tables) implements Work {}

    /** What changed. */
    record Some(long version, Map<Family, Changes> changes) implements Work {}

    long version();
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final PolicyModel model;

  @GuardedBy("lock")
  private final EnumSet<Source> known = EnumSet.noneOf(Source.class);

  /** Those of {@link #known} that the API itself has told. */
  @GuardedBy("lock")
  private final EnumSet<Source> told = EnumSet.noneOf(Source.class);

  @GuardedBy("lock")
  private long version = 1;

  /** The newest version that the kernel has; 0 for none. */
  @GuardedBy("lock")
  private long inForce;

  /** Whether the tables of the kernel are those of {@link #inForce}. */
  @GuardedBy("lock")
  private boolean whole;

  @GuardedBy("lock")
  private boolean tabled;

  @GuardedBy("lock")
  private Optional<String> trouble = Optional.empty();

  PolicyBoard(PolicyModel model) {
    this.model = model;
  }

  /** Changes the model. */
  void change(Consumer<PolicyModel> change) {
    lock.lock();
    try {
      changeLocked(change);
    } finally {
      lock.unlock();
    }
  }

  <T> T ask(Function<PolicyModel, T> question) {
    lock.lock();
    try {
      return question.apply(model);
    } finally {
      lock.unlock();
    }
  }

  void known(Source source) {
    lock.lock();
    try {
      known.add(source);
      told.add(source);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void unknown(Source source) {
    lock.lock();
    try {
      known.remove(source);
      told.remove(source);
    } finally {
      lock.unlock();
    }
  }

  /** Takes what the model was told of former times for all there is, until the API says else. */
  void believe() {
    lock.lock();
    try {
      known.addAll(EnumSet.allOf(Source.class));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until everything is known; says whether it came so within a time. */
  boolean awaitComplete(Duration limit) throws InterruptedException {
    long nanos = limit.toNanos();
    lock.lock();
    try {
      while (!complete(known)) {
        if (nanos <= 0) {
          return false;
        }
        nanos = changed.awaitNanos(nanos);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the API has told everything. */
  boolean isTold() {
    lock.lock();
    try {
      return complete(told);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Blocks until the kernel has a version of what the API told, and that is not the one given or a
   * time is over.
   *
   * @return its number
   */
  long awaitOther(long seen, Duration limit) throws InterruptedException {
    long nanos = limit.toNanos();
    lock.lock();
    try {
      while (!complete(told) || !upToDate() || (inForce == seen && nanos > 0)) {
        if (nanos > 0) {
          nanos = changed.awaitNanos(nanos);
        } else {
          changed.await();
        }
      }
      return inForce;
    } finally {
      lock.unlock();
    }
  }

  /** Blocks until the cluster has policies, or has none. */
  void awaitPolicies(boolean any) throws InterruptedException {
    lock.lock();
    try {
      while (model.anyPolicy() != any) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #awaitPolicies(boolean)}; says whether it came so within a time. */
  boolean awaitPolicies(boolean any, Duration limit) throws InterruptedException {
    long nanos = limit.toNanos();
    lock.lock();
    try {
      while (model.anyPolicy() != any) {
        if (nanos <= 0) {
          return false;
        }
        nanos = changed.awaitNanos(nanos);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** What to bring to the kernel; empty when there was nothing for a time. */
  Optional<Work> await(Duration limit) throws InterruptedException {
    long nanos = limit.toNanos();
    lock.lock();
    try {
      while (!complete() || upToDate()) {
        if (nanos <= 0) {
          return Optional.empty();
        }
        nanos = changed.awaitNanos(nanos);
      }
      return Optional.of(work());
    } finally {
      lock.unlock();
    }
  }

  /** The kernel has it. */
  void done(Work work) {
    lock.lock();
    try {
      inForce = work.version();
      whole = true;
      tabled = !(work instanceof Work.Nothing);
      trouble = Optional.empty();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** What is in the kernel is not what we believed. */
  void distrust(Optional<String> reason) {
    lock.lock();
    try {
      whole = false;
      trouble = reason;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The tables as they should be, if all that changed is in the kernel; empty for no tables. */
  Optional<Map<Family, Changes>> settled() {
    lock.lock();
    try {
      return complete() && upToDate() && tabled ? Optional.of(model.takeWhole()) : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** How a wait for the kernel ended. */
  enum Outcome {
    IN_FORCE,
    /** The policies are not known, or known only in part. */
    UNKNOWN,
    LATE
  }

  /** Changes the model and waits until the kernel has that, or the time is over. */
  Outcome changeAndAwait(Consumer<PolicyModel> change, Duration limit) throws InterruptedException {
    long nanos = limit.toNanos();
    lock.lock();
    try {
      changeLocked(change);
      long wanted = version;
      while (!complete() || inForce < wanted) {
        if (nanos <= 0) {
          return complete() ? Outcome.LATE : Outcome.UNKNOWN;
        }
        nanos = changed.awaitNanos(nanos);
      }
      return Outcome.IN_FORCE;
    } finally {
      lock.unlock();
    }
  }

  Optional<String> trouble() {
    lock.lock();
    try {
      return trouble;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void changeLocked(Consumer<PolicyModel> change) {
    boolean before = model.anyPolicy();
    change.accept(model);
    if (model.touched() || model.anyPolicy() != before) {
      version++;
      changed.signalAll();
    }
  }

  @GuardedBy("lock")
  private boolean complete() {
    return complete(known);
  }

  @GuardedBy("lock")
  private boolean complete(EnumSet<Source> sources) {
    return sources.contains(Source.POLICIES)
        && (!model.anyPolicy()
            || (sources.contains(Source.PODS) && sources.contains(Source.NAMESPACES)));
  }

  @GuardedBy("lock")
  private boolean upToDate() {
    return whole && tabled == model.anyPolicy() && !model.touched();
  }

  @GuardedBy("lock")
  private Work work() {
    if (!model.anyPolicy()) {
      model.takeWhole(); // nothing is left to be changed in a table that is not there
      return new Work.Nothing(version);
    }
    return whole && tabled
        ? new Work.Some(version, model.take())
        : new Work.Whole(version, model.takeWhole());
  }
}
