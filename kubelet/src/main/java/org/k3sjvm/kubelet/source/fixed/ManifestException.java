package org.k3sjvm.kubelet.source.fixed;

/** A manifest from which no pod can be made; the message says why. */
final class ManifestException extends Exception {
  private static final long serialVersionUID = 1L;

  ManifestException(String message) {
    super(message);
  }

  ManifestException(String message, Throwable cause) {
    super(message, cause);
  }
}
