package org.k3sjvm.kubelet.translate;

/**
 * A container cannot be described to the runtime: something it refers to is missing, or it
 * contradicts itself. Shown as {@code CreateContainerConfigError}.
 */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }
}
