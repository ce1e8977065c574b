package org.k3sjvm.linux.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.host.Sysctls;

/** Kernel settings in memory; only those that were put in exist. */
public final class FakeSysctls implements Sysctls {
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<String, String> values = new TreeMap<>();

  public FakeSysctls put(String key, String value) {
    synchronized (lock) {
      values.put(key, value);
    }
    return this;
  }

  @Override
  public Optional<String> read(String key) {
    synchronized (lock) {
      return Optional.ofNullable(values.get(key));
    }
  }

  @Override
  public boolean ensure(String key, String value) {
    synchronized (lock) {
      String before = values.get(key);
      if (before == null) {
        throw LinuxException.of("set sysctl " + key, Errno.ENOENT);
      }
      values.put(key, value);
      return !before.equals(value);
    }
  }
}
