package org.k3sjvm.kube;

import java.io.InputStream;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The bodies that are being read; one virtual thread cuts those whose time is over. */
final class GuardedBodies implements AutoCloseable {
  private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

  private final Set<GuardedBody> open = ConcurrentHashMap.newKeySet();
  private final Thread watchdog = Thread.ofVirtual().name("kube-deadlines").unstarted(this::watch);

  static GuardedBodies start() {
    GuardedBodies bodies = new GuardedBodies();
    bodies.watchdog.start();
    return bodies;
  }

  GuardedBody guard(InputStream source, long bytes, Duration within) {
    GuardedBody body = new GuardedBody(source, this, bytes, within);
    open.add(body);
    return body;
  }

  void remove(GuardedBody body) {
    open.remove(body);
  }

  void cutAll(String reason) {
    open.forEach(body -> body.cut(reason));
  }

  @Override
  public void close() {
    watchdog.interrupt();
    cutAll("the client was closed");
  }

  private void watch() {
    try {
      while (true) {
        Thread.sleep(LOOK_EVERY);
        long now = System.nanoTime();
        for (GuardedBody body : open) {
          if (body.isOverdue(now)) {
            body.cut("the server was silent too long");
          }
        }
      }
    } catch (InterruptedException e) {
      // the client was closed
    }
  }
}
