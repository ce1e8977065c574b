package org.k3sjvm.agent;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;

/**
 * Gives memory back to the host after the start and after bursts. The serial collector looks at old
 * objects only when the heap is at its limit: what dies in a burst would stay the process's for
 * days. Without this service the agent does the same with more memory.
 */
final class HeapTrim implements Service {
  /** A collection costs tens of milliseconds; more often than this it would be felt. */
  static final Duration PERIOD = Duration.ofSeconds(20);

  /** Bytes; less than the young generation is not worth a collection. */
  static final long WORTH_IT = 3L << 20;

  private final Sleeper sleeper;
  private final LongSupplier heap;
  private final Runnable collect;

  /**
   * @param heap bytes that the process holds for its objects, dead or alive
   * @param collect frees the dead and gives back what is more than needed
   */
  HeapTrim(Sleeper sleeper, LongSupplier heap, Runnable collect) {
    this.sleeper = sleeper;
    this.heap = heap;
    this.collect = collect;
  }

  static HeapTrim ofThisProcess() {
    return new HeapTrim(Sleeper.SYSTEM, Runtime.getRuntime()::totalMemory, System::gc);
  }

  @Override
  public void run() throws InterruptedException {
    long needed = 0;
    while (true) {
      sleeper.sleep(PERIOD);
      if (heap.getAsLong() - needed >= WORTH_IT) {
        collect.run();
        needed = heap.getAsLong();
      }
    }
  }
}
