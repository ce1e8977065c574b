package org.k3sjvm.containerd.registry;

/**
 * How a registry proves who it is, and we to it; what is empty is not set.
 *
 * @param skipVerify whether anybody's word is taken
 */
public record RegistryTls(String caFile, String certFile, String keyFile, boolean skipVerify) {
  /** The system's certificates, none of our own. */
  public static final RegistryTls NONE = new RegistryTls("", "", "", false);
}
