package org.k3sjvm.linux.process;

/** Runs programs to their end. Any thread may call. */
public interface Commands {
  /**
   * Runs a program and waits for it; it is killed at the deadline and when the caller is
   * interrupted.
   *
   * @return whatever the exit code is
   * @throws org.k3sjvm.linux.LinuxException.NotFound the program is not installed
   * @throws org.k3sjvm.linux.LinuxException.Denied it may not be executed
   * @throws org.k3sjvm.linux.LinuxException.TimedOut it did not end in time
   */
  CommandResult run(Command command) throws InterruptedException;
}
