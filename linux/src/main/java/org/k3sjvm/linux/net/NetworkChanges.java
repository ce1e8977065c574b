package org.k3sjvm.linux.net;

/** Notices that links or addresses have changed, without saying which. */
public interface NetworkChanges extends AutoCloseable {
  /** Whether anything changed, or may have, since this was last asked; does not wait. */
  boolean changed();

  @Override
  void close();
}
