package org.k3sjvm.linux.testing;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.syscall.NamespaceCalls;

/** A real network namespace of a test's own, gone when closed; needs root and iproute2. */
public final class TestNamespace implements AutoCloseable {
  private static final String PREFIX = "k3sjvm-";
  private static final Path DIRECTORY = Path.of("/run/netns");

  private final String name;
  private final ChildProcesses commands;

  private TestNamespace(String name) {
    this.name = name;
    this.commands = new ChildProcesses(List.of("nsenter", "--net=" + path()));
  }

  /** Makes it, with {@code lo} up, and removes those that killed test runs have left. */
  public static TestNamespace create(String label) throws InterruptedException {
    removeLeftovers();
    String name = PREFIX + ProcessHandle.current().pid() + "-" + label;
    run(new ChildProcesses(), "ip", "netns", "add", name);
    TestNamespace namespace = new TestNamespace(name);
    namespace.exec("ip", "link", "set", "lo", "up");
    return namespace;
  }

  public String name() {
    return name;
  }

  public Path path() {
    return DIRECTORY.resolve(name);
  }

  /** Lays a cable from a link of it to one of another; both are up. */
  public void cable(String link, TestNamespace other, String otherLink)
      throws InterruptedException {
    exec(
        "ip",
        "link",
        "add",
        link,
        "up",
        "type",
        "veth",
        "peer",
        "name",
        otherLink,
        "netns",
        other.name());
    other.exec("ip", "link", "set", otherLink, "up");
  }

  /** Gives a link of it an address of each family, such as {@code 10.0.0.1/24}, at once usable. */
  public void address(String link, String ipv4, String ipv6) throws InterruptedException {
    exec("ip", "addr", "add", ipv4, "dev", link);
    exec("ip", "addr", "add", ipv6, "dev", link, "nodad");
  }

  /** Runs a program in it; its output. Fails unless the program succeeds. */
  public String exec(String... argv) throws InterruptedException {
    return run(commands, argv);
  }

  /** Runs a program in it, whatever comes of it. */
  public CommandResult attempt(String... argv) throws InterruptedException {
    return commands.run(Command.of(argv));
  }

  /**
   * Runs code in it, on a platform thread made for it; the thread is interrupted with the caller.
   */
  public <T> T call(Callable<T> body) throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .name("in " + name)
            .start(
                () -> {
                  try {
                    NamespaceCalls.enterNetwork(path());
                    result.complete(body.call());
                  } catch (Throwable t) {
                    result.completeExceptionally(t);
                  }
                });
    try {
      return result.get();
    } catch (InterruptedException e) {
      thread.interrupt();
      thread.join();
      throw e;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  @Override
  public void close() {
    try {
      new ChildProcesses().run(Command.of("ip", "netns", "del", name));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the next test run removes it
    }
  }

  private static String run(ChildProcesses commands, String... argv) throws InterruptedException {
    CommandResult result = commands.run(Command.of(argv));
    if (!result.succeeded()) {
      throw new AssertionError(
          String.join(" ", argv) + " failed: " + result.error() + result.output());
    }
    return result.output();
  }

  private static void removeLeftovers() throws InterruptedException {
    if (!Files.isDirectory(DIRECTORY)) {
      return;
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(DIRECTORY, PREFIX + "*")) {
      for (Path path : all) {
        String name = String.valueOf(path.getFileName());
        String pid = name.substring(PREFIX.length()).replaceFirst("-.*", "");
        if (pid.matches("[0-9]+") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
          new ChildProcesses().run(Command.of("ip", "netns", "del", name));
        }
      }
    } catch (IOException e) {
      throw new AssertionError("cannot list " + DIRECTORY, e);
    }
  }
}
