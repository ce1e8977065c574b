package org.k3sjvm.linux.systemd;

import java.util.Map;
import org.k3sjvm.linux.dbus.DbusValue;

/**
 * Units that systemd keeps for us until they are stopped or the host ends. Calls wait until systemd
 * has done it, 30 s at most; faults are {@link org.k3sjvm.linux.LinuxException}s.
 */
public interface Units {
  /** Starts a unit that has no file. Succeeds when there is one of that name. */
  void start(String name, Map<String, DbusValue> properties);

  /** Changes a running unit until the host ends; a slice that is not there is changed as well. */
  void set(String name, Map<String, DbusValue> properties);

  /** Stops a unit and what runs in it. Succeeds when there is none. */
  void stop(String name);

  /** The version of systemd, such as 252. */
  int version();
}
