package org.k3sjvm.linux.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;

/**
 * {@link Commands} as children of this process.
 *
 * <p>A read from a pipe holds its thread in the kernel. On virtual threads two of them would take
 * both carriers of a machine with two cores, and whoever feeds the child could never run: so each
 * pipe has a small platform thread for as long as the child lives.
 */
public final class ChildProcesses implements Commands {
  /** What is kept of each output; the rest is read and dropped. */
  public static final int OUTPUT_LIMIT_BYTES = 4 << 20;

  private static final long STACK_BYTES = 128 << 10;

  private final List<String> prefix;

  public ChildProcesses() {
    this(List.of());
  }

  /**
   * Runs each command through another program.
   *
   * @param prefix such as {@code nsenter --net=/run/netns/a}
   */
  public ChildProcesses(List<String> prefix) {
    this.prefix = List.copyOf(prefix);
  }

  @Override
  public CommandResult run(Command command) throws InterruptedException {
    Process process = start(command);
    try {
      CompletableFuture<String> output = drain(process.getInputStream());
      CompletableFuture<String> error = drain(process.getErrorStream());
      feed(process.getOutputStream(), command.inputBytes());
      long deadline = System.nanoTime() + command.limit().toNanos();
      if (!process.waitFor(command.limit().toNanos(), TimeUnit.NANOSECONDS)) {
        throw tooLate(command);
      }
      return new CommandResult(
          process.exitValue(), text(command, output, deadline), text(command, error, deadline));
    } finally {
      if (process.isAlive()) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  private Process start(Command command) {
    List<String> argv = new ArrayList<>(prefix);
    argv.addAll(command.argv());
    ProcessBuilder builder = new ProcessBuilder(argv);
    builder.environment().putAll(command.environment());
    try {
      return builder.start();
    } catch (IOException e) {
      String program = argv.getFirst();
      String message = String.valueOf(e.getMessage());
      if (isErrno(message, Errno.ENOENT)) {
        throw new LinuxException.NotFound(program + " is not installed, or not on the PATH", e);
      }
      if (isErrno(message, Errno.EACCES)) {
        throw new LinuxException.Denied(program + " may not be executed", e);
      }
      throw new LinuxException.Failed("cannot run " + command + ": " + message, e);
    }
  }

  /** The JDK passes the error number on in its text alone, spelled one way up to JDK 24. */
  private static boolean isErrno(String message, int errno) {
    return message.contains("error: " + errno + " ") || message.contains("error=" + errno + ",");
  }

  /** A program that ends without reading its input is no fault of ours. */
  private static void feed(OutputStream stdin, byte[] input) {
    if (input.length == 0) {
      closeQuietly(stdin);
    } else {
      besides(
          () -> {
            try (stdin) {
              stdin.write(input);
            } catch (IOException e) {
              closeQuietly(stdin);
            }
          });
    }
  }

  private static CompletableFuture<String> drain(InputStream stream) {
    CompletableFuture<String> text = new CompletableFuture<>();
    besides(
        () -> {
          try (stream) {
            byte[] kept = stream.readNBytes(OUTPUT_LIMIT_BYTES);
            stream.transferTo(OutputStream.nullOutputStream());
            text.complete(new String(kept, StandardCharsets.UTF_8));
          } catch (IOException e) {
            text.completeExceptionally(e);
          }
        });
    return text;
  }

  private static void besides(Runnable work) {
    Thread.ofPlatform().daemon().name("command").stackSize(STACK_BYTES).start(work);
  }

  /** A grandchild may keep the pipe open after the child has gone; the deadline holds for both. */
  private static String text(Command command, CompletableFuture<String> output, long deadline)
      throws InterruptedException {
    try {
      return output.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw tooLate(command);
    } catch (ExecutionException e) {
      throw new LinuxException.Failed("cannot read what " + command + " said", e);
    }
  }

  private static LinuxException tooLate(Command command) {
    return new LinuxException.TimedOut(
        command + " did not end within " + command.limit().toMillis() + " ms and was killed");
  }

  private static void closeQuietly(OutputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      // the child has gone; there is nobody left to tell
    }
  }
}
