package org.k3sjvm.linux.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.process.Commands;

/** Programs that are functions of the test; any other program is not installed. */
public final class FakeCommands implements Commands {
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<String, Function<Command, CommandResult>> programs = new TreeMap<>();

  @GuardedBy("lock")
  private final List<Command> ran = new ArrayList<>();

  public FakeCommands install(String program, Function<Command, CommandResult> behaviour) {
    synchronized (lock) {
      programs.put(program, behaviour);
    }
    return this;
  }

  /** What was run, in order. */
  public List<Command> ran() {
    synchronized (lock) {
      return List.copyOf(ran);
    }
  }

  @Override
  public CommandResult run(Command command) {
    String program = command.argv().getFirst();
    Function<Command, CommandResult> behaviour;
    synchronized (lock) {
      behaviour = programs.get(program);
      ran.add(command);
    }
    if (behaviour == null) {
      throw new LinuxException.NotFound(program + " is not installed, or not on the PATH", 0);
    }
    return behaviour.apply(command);
  }
}
