package org.k3sjvm.kubelet.volume;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits for calls to the kernel that may never return: those on a network file system whose server
 * is silent. Such a call keeps its thread, so it gets one of its own, outside the few that all pods
 * share; while it lasts, the same call is not made again.
 */
final class Patience {
  private final Duration longest;
  private final ConcurrentMap<String, FutureTask<?>> pending = new ConcurrentHashMap<>();

  Patience(Duration longest) {
    this.longest = longest;
  }

  /** A call that may hang. */
  @FunctionalInterface
  interface Call<T> {
    T run() throws IOException;
  }

  /**
   * Makes the call and waits for it.
   *
   * @param pod uid of the pod for which something is mounted
   * @param subject tells calls apart, and names what hangs
   * @throws VolumeException when it takes too long; it goes on, and nothing is known of its end
   */
  <T> T run(String pod, String subject, Call<T> call) throws IOException, InterruptedException {
    String key = pod + "/" + subject;
    FutureTask<T> task = new FutureTask<>(call::run);
    FutureTask<?> before = pending.putIfAbsent(key, task);
    if (before != null) {
      throw new VolumeException(
          "an operation on " + subject + " that was begun before has not returned yet");
    }
    Thread.ofPlatform()
        .daemon()
        .name("volume " + subject)
        .start(
            () -> {
              try {
                task.run();
              } finally {
                pending.remove(key, task);
              }
            });
    try {
      T answer = task.get(longest.toMillis(), TimeUnit.MILLISECONDS);
      pending.remove(key, task);
      return answer;
    } catch (TimeoutException e) {
      throw new VolumeException(
          "an operation on " + subject + " did not return within " + longest.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      pending.remove(key, task);
      switch (e.getCause()) {
        case IOException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  /** Whether a call for the pod has not returned: what it mounts may still appear. */
  boolean isPending(String pod) {
    return pending.keySet().stream().anyMatch(key -> key.startsWith(pod + "/"));
  }
}
