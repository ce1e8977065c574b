package org.k3sjvm.containerd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a child process, from start to end, on a platform thread of its own. The kernel sends
 * the parent-death signal when the <em>thread</em> that started the child ends, so that thread must
 * live as long: it carries the child's output into the log meanwhile.
 */
final class ChildRun {
  private static final Logger log = LoggerFactory.getLogger(ChildRun.class);
  private static final long STACK_BYTES = 256 << 10;
  private static final int BUFFER_BYTES = 8 << 10;
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final int TAIL_CHARS = 400;

  private final List<String> command;
  private final Map<String, String> environment;
  private final RotatingLog output;
  private final boolean alsoOurs;
  private final CompletableFuture<Process> started = new CompletableFuture<>();
  private final CompletableFuture<Ended> ended = new CompletableFuture<>();

  /**
   * @param environment all of it
   * @param alsoOurs whether what it prints also goes to the standard error stream
   */
  ChildRun(
      List<String> command, Map<String, String> environment, RotatingLog output, boolean alsoOurs) {
    this.command = List.copyOf(command);
    this.environment = Map.copyOf(environment);
    this.output = output;
    this.alsoOurs = alsoOurs;
  }

  /**
   * Runs the child to its end. When interrupted it is asked to end, and killed if it does not.
   *
   * @param whenStarted is told the child's number
   * @throws ContainerdException.Failed when it cannot be started
   */
  Ended run(LongConsumer whenStarted) throws InterruptedException {
    Thread thread =
        Thread.ofPlatform()
            .name("containerd")
            .stackSize(STACK_BYTES)
            .daemon()
            .unstarted(() -> live(whenStarted));
    thread.start();
    try {
      return ended.get();
    } catch (InterruptedException e) {
      end();
      throw e;
    } catch (ExecutionException e) {
      throw new ContainerdException.Failed(
          "cannot start " + command.getFirst() + ": " + e.getCause(), e.getCause());
    }
  }

  private void live(LongConsumer whenStarted) {
    Process process;
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().clear();
      builder.environment().putAll(environment);
      process = builder.start();
      process.getOutputStream().close();
      whenStarted.accept(process.pid());
      started.complete(process);
    } catch (IOException e) {
      started.completeExceptionally(e);
      ended.completeExceptionally(e);
      return;
    }
    String last = carry(process.getInputStream());
    ended.complete(new Ended(process.onExit().join().exitValue(), last));
  }

  /** Returns the last line, which tells why when the child ends early. */
  private String carry(InputStream from) {
    byte[] buffer = new byte[BUFFER_BYTES];
    StringBuilder tail = new StringBuilder();
    try (from) {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        output.write(buffer, n);
        if (alsoOurs) {
          System.err.write(buffer, 0, n);
        }
        tail.append(new String(buffer, 0, n, StandardCharsets.UTF_8));
        tail.delete(0, Math.max(0, tail.length() - TAIL_CHARS));
      }
    } catch (IOException e) {
      log.atDebug().setCause(e).log("a child's output broke off");
    }
    String text = tail.toString().stripTrailing();
    return text.substring(text.lastIndexOf('\n') + 1);
  }

  private void end() {
    try {
      Process process = started.get();
      process.destroy();
      if (!endsWithin(GRACE)) {
        log.atWarn().addKeyValue("took", GRACE).log("containerd does not stop, killing it");
        process.destroyForcibly();
        endsWithin(GRACE);
      }
    } catch (InterruptedException again) {
      if (started.isDone() && !started.isCompletedExceptionally()) {
        started.join().destroyForcibly();
      }
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      log.atDebug().setCause(e).log("the child was never started");
    }
  }

  private boolean endsWithin(Duration time) throws InterruptedException, ExecutionException {
    try {
      ended.get(time.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  /** How it ended; the last line that it printed may be empty. */
  record Ended(int exitCode, String lastLine) {}
}
