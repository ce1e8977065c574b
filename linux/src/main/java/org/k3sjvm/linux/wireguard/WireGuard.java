package org.k3sjvm.linux.wireguard;

import org.k3sjvm.linux.LinuxException;

/**
 * WireGuard interfaces of one network namespace: the one it was opened in. Any thread may call; a
 * call takes well under a millisecond, with thousands of peers some more. Faults are {@link
 * LinuxException}s.
 */
public interface WireGuard extends AutoCloseable {
  /**
   * What an interface is set to.
   *
   * @throws LinuxException.NotFound there is no such link
   * @throws LinuxException.Unsupported the link is of another kind
   */
  WireGuardDevice device(int link);

  /**
   * Changes an interface. What the change does not name stays; a peer that is removed may be gone.
   *
   * @throws LinuxException.NotFound there is no such link
   * @throws LinuxException.Failed with EADDRINUSE: the port is taken
   */
  void change(int link, WireGuardChange change);

  @Override
  void close();
}
