package org.k3sjvm.linux.host;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.process.Commands;

/** Modules of the kernel. */
public final class KernelModules {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final Commands commands;
  private final Path loaded;

  public KernelModules(Commands commands) {
    this(commands, Path.of("/sys/module"));
  }

  KernelModules(Commands commands, Path loaded) {
    this.commands = commands;
    this.loaded = loaded;
  }

  /**
   * Loads a module unless it is there, built in or loaded.
   *
   * @throws LinuxException when modprobe is missing or refuses
   */
  public void ensure(String name) throws InterruptedException {
    if (Files.exists(loaded.resolve(name.replace('-', '_')))) {
      return;
    }
    CommandResult result = commands.run(Command.of("modprobe", "--", name).within(LIMIT));
    if (!result.succeeded()) {
      throw new LinuxException.Unsupported(
          "cannot load kernel module " + name + ": " + result.error().strip(), 0);
    }
  }
}
