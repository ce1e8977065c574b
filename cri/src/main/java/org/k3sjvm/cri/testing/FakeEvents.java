package org.k3sjvm.cri.testing;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.k3sjvm.cri.ContainerEvent;

/** Tells what happens to all who listen, in order. Any thread may call. */
final class FakeEvents {
  private final List<BlockingQueue<ContainerEvent>> listeners = new CopyOnWriteArrayList<>();

  boolean heard() {
    return !listeners.isEmpty();
  }

  void tell(ContainerEvent event) {
    listeners.forEach(queue -> queue.add(event));
  }

  /** Blocks until it is interrupted. */
  void listen(Consumer<ContainerEvent> sink) throws InterruptedException {
    BlockingQueue<ContainerEvent> events = new LinkedBlockingQueue<>();
    listeners.add(events);
    try {
      while (true) {
        sink.accept(events.take());
      }
    } finally {
      listeners.remove(events);
    }
  }
}
