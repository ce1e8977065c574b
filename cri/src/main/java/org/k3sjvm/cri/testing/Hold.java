package org.k3sjvm.cri.testing;

import java.util.concurrent.CountDownLatch;

/** A call of a fake that waits to be let go. */
public final class Hold {
  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  Hold() {}

  /** Blocks until the call is there. */
  public void awaitCall() throws InterruptedException {
    reached.await();
  }

  /** Lets the call go on; idempotent. */
  public void release() {
    released.countDown();
  }

  void pass() throws InterruptedException {
    reached.countDown();
    released.await();
  }
}
