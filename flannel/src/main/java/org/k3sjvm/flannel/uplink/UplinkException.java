package org.k3sjvm.flannel.uplink;

/** There is no interface, or no address on it, to carry the pods' packets. */
public final class UplinkException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UplinkException(String message) {
    super(message);
  }
}
