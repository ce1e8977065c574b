package org.k3sjvm.flannel.backend;

import java.util.OptionalInt;

/**
 * What an administrator may say of the VXLAN device. Source: flannel v0.28 pkg/backend/vxlan,
 * VXLANConfig.
 *
 * @param vni network identifier
 * @param port UDP destination; 0 for the kernel's default, 8472
 * @param uplinkMtuBytes to reckon with in place of the interface's
 * @param gbp mark packets with group policies
 * @param learning let the kernel learn peers' addresses from their packets
 * @param directRouting send to peers of the same network without a tunnel
 */
public record VxlanOptions(
    int vni,
    int port,
    OptionalInt uplinkMtuBytes,
    boolean gbp,
    boolean learning,
    boolean directRouting) {
  /** Of a device that is told none. Source: Linux drivers/net/vxlan, vxlan_port. */
  public static final int DEFAULT_PORT = 8472;

  private static final int DEFAULT_VNI = 1;
  private static final int HIGHEST_VNI = (1 << 24) - 1;
  private static final int HIGHEST_PORT = 65_535;
  private static final int LOWEST_MTU = 1280 + VxlanDevice.OVERHEAD_BYTES; // IPv6 asks for 1280

  /** Those of every K3s cluster. */
  public static final VxlanOptions DEFAULT =
      new VxlanOptions(DEFAULT_VNI, 0, OptionalInt.empty(), false, false, false);

  public VxlanOptions {
    if (vni < 0 || vni > HIGHEST_VNI) {
      throw new IllegalArgumentException("VNI must be 0 to " + HIGHEST_VNI + ", not " + vni);
    }
    if (port < 0 || port > HIGHEST_PORT) {
      throw new IllegalArgumentException("Port must be 0 to " + HIGHEST_PORT + ", not " + port);
    }
    if (uplinkMtuBytes.isPresent() && uplinkMtuBytes.getAsInt() < LOWEST_MTU) {
      throw new IllegalArgumentException(
          "MTU must be at least " + LOWEST_MTU + ", not " + uplinkMtuBytes.getAsInt());
    }
  }
}
