package org.k3sjvm.linux.echo;

/**
 * Asks one host at a time by ICMP how packets reach it, as ping(8) does, from the network namespace
 * in which it was opened. Any thread may call; one call at a time is carried out.
 */
public interface Echoes extends AutoCloseable {
  /** Blocks until the answer or the limit. */
  EchoAnswer ask(Echo echo) throws InterruptedException;

  @Override
  void close();
}
