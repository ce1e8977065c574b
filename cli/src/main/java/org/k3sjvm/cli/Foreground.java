package org.k3sjvm.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.lifetime.ServiceFailedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a service until it ends or the program is asked to stop. A stop by SIGTERM or SIGINT is
 * success, as with upstream; so is the failure of a part after the start, because upstream then
 * only asks itself to stop and leaves the restart to the service manager.
 */
final class Foreground {
  private static final Logger log = LoggerFactory.getLogger(Foreground.class);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  private Foreground() {}

  static int run(String name, Service service) {
    Thread main = Thread.currentThread();
    CountDownLatch ended = new CountDownLatch(1);
    Thread hook = new Thread(() -> stop(name, main, ended), "stop");
    Runtime.getRuntime().addShutdownHook(hook);
    int code = runToTheEnd(name, service);
    ended.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The hook runs: it waits for this thread and then ends the program with success.
      return Main.OK;
    }
    return code;
  }

  private static int runToTheEnd(String name, Service service) {
    try {
      service.run();
      return Main.OK;
    } catch (InterruptedException e) {
      log.atInfo().log("{} stopped, containers keep running", name);
      return Main.OK;
    } catch (ServiceFailedException e) {
      log.atError().setCause(e.getCause()).log("{} stops because a part of it failed", name);
      return Main.OK;
    } catch (Exception e) {
      log.atError().setCause(e).log("{} cannot start", name);
      return Main.FAILED;
    }
  }

  /** The virtual machine would exit with 143 after a signal; halting here makes it 0. */
  private static void stop(String name, Thread main, CountDownLatch ended) {
    main.interrupt();
    try {
      if (!ended.await(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        log.atWarn().addKeyValue("limit", STOP_LIMIT).log("{} did not stop in time", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(Main.OK);
  }
}
