package org.k3sjvm.base.testing.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tries inputs on a parser and notes those it does not survive: another exception than its answers,
 * an error, more than a second of work, more than 64 MB of allocations. What is slow or hungry is
 * tried again before it counts, as the first time may have loaded classes.
 */
public final class Fuzzer {
  private static final long MOST_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long MOST_BYTES = 64L << 20;

  /** From here a time is measured again, in processor time. */
  private static final long SUSPECT_NANOS = Duration.ofMillis(50).toNanos();

  private static final Duration HANG = Duration.ofSeconds(30);
  private static final long WATCH_MILLIS = 100;

  /** The stack of the shipped program's threads, see its jvm.options. */
  private static final long STACK_BYTES = 512 * 1024;

  /** Of a message: enough to tell reasons apart, not enough to tell inputs apart. */
  private static final int TELLING_LETTERS = 24;

  private static final int FRAMES_SHOWN = 12;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final FuzzTarget target;
  private final long seed;

  // Of the thread that tries; read by the other one when it has ended, or is given up.
  private final List<FuzzReport.Failure> failures = new ArrayList<>();
  private final Set<String> told = new HashSet<>();
  private final Set<String> answers = new HashSet<>();
  private long slowestNanos;
  private long mostBytes;
  private long inputs;

  private volatile byte[] current = new byte[0];
  private volatile long sinceNanos = System.nanoTime();

  private Fuzzer(FuzzTarget target, long seed) {
    this.target = target;
    this.seed = seed;
  }

  /** A few inputs of a fixed seed, as each build tries: at most 20,000 or 150 ms. */
  public static FuzzReport briefly(FuzzTarget target) throws InterruptedException {
    return run(target, 1, 20_000, Duration.ofMillis(150));
  }

  /** Tries the samples, then that many inputs, or as many as the time allows. */
  public static FuzzReport run(FuzzTarget target, long seed, long inputs, Duration atMost)
      throws InterruptedException {
    Fuzzer fuzzer = new Fuzzer(target, seed);
    return fuzzer.watch(() -> fuzzer.tryMany(inputs, atMost));
  }

  /** Tries one input. */
  public static FuzzReport replay(FuzzTarget target, byte[] input) throws InterruptedException {
    Fuzzer fuzzer = new Fuzzer(target, 0);
    return fuzzer.watch(() -> fuzzer.attempt(input));
  }

  /** Runs it on a thread with a stack as in the product, and gives up on one input that hangs. */
  private FuzzReport watch(Runnable work) throws InterruptedException {
    long start = System.nanoTime();
    Thread thread =
        Thread.ofPlatform()
            .name("fuzz " + target.name())
            .daemon()
            .stackSize(STACK_BYTES)
            .unstarted(work);
    thread.start();
    while (!thread.join(Duration.ofMillis(WATCH_MILLIS))) {
      if (System.nanoTime() - sinceNanos > HANG.toNanos()) {
        String where = frames(thread.getStackTrace());
        return report(start, List.of(failure(current, "it hangs" + where)));
      }
    }
    return report(start, failures);
  }

  private FuzzReport report(long start, List<FuzzReport.Failure> found) {
    return new FuzzReport(
        target.name(),
        inputs,
        Duration.ofNanos(System.nanoTime() - start),
        found,
        Duration.ofNanos(slowestNanos),
        mostBytes);
  }

  private void tryMany(long most, Duration atMost) {
    for (byte[] sample : target.seeds()) {
      Throwable thrown = attempt(sample);
      if (thrown != null && isAnswer(thrown)) {
        fail(sample, "a sample is not valid: " + thrown, thrown);
      }
    }
    Mutator mutator = new Mutator(target, new SplittableRandom(seed));
    long end = System.nanoTime() + atMost.toNanos();
    while (inputs < most && System.nanoTime() - end < 0) {
      byte[] input = mutator.next();
      Throwable thrown = attempt(input);
      if (thrown != null && answers.size() < 4096 && answers.add(gist(thrown))) {
        mutator.keep(input);
      }
    }
  }

  private @Nullable Throwable attempt(byte[] input) {
    current = input;
    long bytes = THREADS.getCurrentThreadAllocatedBytes();
    sinceNanos = System.nanoTime();
    Throwable thrown = outcome(input);
    long nanos = System.nanoTime() - sinceNanos;
    bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
    inputs++;
    if (nanos > SUSPECT_NANOS || bytes > MOST_BYTES) {
      long bytesBefore = THREADS.getCurrentThreadAllocatedBytes();
      long nanosBefore = THREADS.getCurrentThreadCpuTime();
      thrown = outcome(input);
      nanos = Math.min(nanos, THREADS.getCurrentThreadCpuTime() - nanosBefore);
      bytes = Math.min(bytes, THREADS.getCurrentThreadAllocatedBytes() - bytesBefore);
    }
    slowestNanos = Math.max(slowestNanos, nanos);
    mostBytes = Math.max(mostBytes, bytes);
    if (thrown != null && !isAnswer(thrown)) {
      fail(input, thrown.toString(), thrown);
    } else if (nanos > MOST_NANOS) {
      fail(input, "it takes more than 1 s: " + nanos / 1_000_000 + " ms", null);
    } else if (bytes > MOST_BYTES) {
      fail(input, "it takes more than 64 MB: " + (bytes >> 20) + " MB", null);
    }
    return thrown;
  }

  private @Nullable Throwable outcome(byte[] input) {
    try {
      target.parser().parse(input.clone());
      return null;
    } catch (Throwable e) {
      return e;
    }
  }

  private boolean isAnswer(Throwable thrown) {
    return target.answers().stream().anyMatch(answer -> answer.isInstance(thrown));
  }

  private void fail(byte[] input, String what, @Nullable Throwable thrown) {
    StackTraceElement[] trace = thrown == null ? new StackTraceElement[0] : thrown.getStackTrace();
    String kind =
        thrown == null
            ? what.substring(0, what.indexOf(':'))
            : thrown.getClass().getName()
                + Arrays.stream(trace)
                    .filter(frame -> frame.getClassName().startsWith("org.k3sjvm"))
                    .findFirst();
    if (failures.size() < FuzzReport.MOST_FAILURES && told.add(kind)) {
      failures.add(failure(input, shortened(what) + frames(trace)));
    }
  }

  private FuzzReport.Failure failure(byte[] input, String what) {
    return new FuzzReport.Failure(target.name(), seed, input.clone(), what);
  }

  private static String frames(StackTraceElement[] trace) {
    return Arrays.stream(trace)
        .limit(FRAMES_SHOWN)
        .map(frame -> "\n    at " + frame)
        .collect(Collectors.joining());
  }

  private static String gist(Throwable thrown) {
    StringBuilder gist = new StringBuilder(thrown.getClass().getName());
    String message = String.valueOf(thrown.getMessage());
    int most = gist.length() + TELLING_LETTERS;
    for (int i = 0; i < message.length() && gist.length() < most; i++) {
      if (Character.isLetter(message.charAt(i))) {
        gist.append(message.charAt(i));
      }
    }
    return gist.toString();
  }

  private static String shortened(String text) {
    return text.length() <= 300 ? text : text.substring(0, 300) + "…";
  }
}
