package org.k3sjvm.kubelet.pod;

/**
 * Something that users of the pod should read about.
 *
 * @param fieldPath the container it is about, such as {@code spec.containers{app}}; empty for the
 *     pod
 */
public record PodEvent(Type type, String reason, String message, String fieldPath) {
  public static PodEvent normal(String reason, String message) {
    return new PodEvent(Type.NORMAL, reason, message, "");
  }

  public static PodEvent warning(String reason, String message) {
    return new PodEvent(Type.WARNING, reason, message, "");
  }

  /** The same, about one container. */
  public PodEvent of(ContainerSpec container) {
    return new PodEvent(type, reason, message, container.fieldPath());
  }

  /** Whether it needs attention. */
  public enum Type {
    NORMAL,
    WARNING
  }
}
