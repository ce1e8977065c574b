package org.k3sjvm.kubelet.handler;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.util.Objects;

/** Finds the number that a port stands for. Source: Kubernetes v1.36 pkg/probe/util.go. */
public final class Ports {
  private static final int LAST = 65535;

  private Ports() {}

  /**
   * A number, the name of one of the container's ports, or a number written as text.
   *
   * @throws IllegalArgumentException when it is none of these
   */
  public static int of(IntOrString port, Container container) {
    int number = port.getIntVal() != null ? port.getIntVal() : named(port, container);
    if (number < 1 || number > LAST) {
      throw new IllegalArgumentException("invalid port number: " + number);
    }
    return number;
  }

  private static int named(IntOrString port, Container container) {
    String name = Objects.requireNonNullElse(port.getStrVal(), "");
    return container.getPorts().stream()
        .filter(p -> name.equals(p.getName()))
        .map(p -> p.getContainerPort())
        .findFirst()
        .orElseGet(() -> number(name));
  }

  private static int number(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "the container has no port named \"" + text + "\", and it is no number", e);
    }
  }
}
