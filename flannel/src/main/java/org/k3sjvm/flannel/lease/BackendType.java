package org.k3sjvm.flannel.lease;

/** How packets reach other nodes. */
public enum BackendType {
  /** In UDP packets between VXLAN devices. */
  VXLAN("vxlan"),
  /** By routes, between nodes that share a network. */
  HOST_GW("host-gw"),
  /** In encrypted UDP packets between WireGuard interfaces. */
  WIREGUARD("wireguard");

  private final String annotation;

  BackendType(String annotation) {
    this.annotation = annotation;
  }

  /**
   * As in the annotation {@code backend-type} and net-conf.json; the flag says {@code
   * wireguard-native}.
   */
  public String text() {
    return annotation;
  }
}
