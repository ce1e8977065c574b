package org.k3sjvm.linux.net;

/**
 * One network namespace: the one it was opened in. Any thread may call; a call takes well under a
 * millisecond, a dump some more.
 */
public interface HostNetwork extends Links, Addresses, Routes, Neighbours, AutoCloseable {
  /** Begins to notice changes of links and addresses, made by anyone. */
  NetworkChanges watch();

  @Override
  void close();
}
