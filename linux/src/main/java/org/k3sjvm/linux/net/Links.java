package org.k3sjvm.linux.net;

import java.util.List;
import java.util.Optional;

/** Network interfaces. Faults are {@link org.k3sjvm.linux.LinuxException}s. */
public interface Links {
  List<Link> links();

  Optional<Link> link(String name);

  Optional<Link> link(int index);

  /**
   * Makes a VXLAN device, switched off.
   *
   * @throws org.k3sjvm.linux.LinuxException.AlreadyExists the name, or the VNI on that port and
   *     family, is taken
   * @throws org.k3sjvm.linux.LinuxException.Unsupported the kernel has no vxlan
   */
  void createVxlan(String name, MacAddress mac, int mtuBytes, VxlanSettings settings);

  /**
   * Makes a WireGuard interface, switched off and without keys.
   *
   * @throws org.k3sjvm.linux.LinuxException.AlreadyExists the name is taken
   * @throws org.k3sjvm.linux.LinuxException.Unsupported the kernel has no WireGuard
   */
  void createWireGuard(String name, int mtuBytes);

  void setUp(int link);

  void setMtu(int link, int mtuBytes);

  /** Switches learning of a VXLAN device. */
  void setLearning(int link, boolean learning);

  /** Succeeds when it is gone. */
  void deleteLink(int link);
}
