package org.k3sjvm.base.lifetime;

/**
 * A service of a group failed; the cause says why, its suppressed exceptions what failed after it.
 */
public final class ServiceFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ServiceFailedException(String group, Throwable cause) {
    super("a service of " + group + " failed: " + cause.getMessage(), cause);
  }
}
