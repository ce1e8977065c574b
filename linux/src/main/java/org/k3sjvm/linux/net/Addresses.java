package org.k3sjvm.linux.net;

import java.util.List;

/** Addresses of interfaces. Faults are {@link org.k3sjvm.linux.LinuxException}s. */
public interface Addresses {
  /** Of both families, in the kernel's order. */
  List<InterfaceAddress> addresses(int link);

  /** Succeeds when it is there. */
  void addAddress(InterfaceAddress address);

  /** Succeeds when it is gone. */
  void removeAddress(InterfaceAddress address);
}
