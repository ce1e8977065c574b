package org.k3sjvm.cri;

/** The runtime's name for a container; without the {@code containerd://} that Kubernetes adds. */
public record ContainerId(String value) {
  public ContainerId {
    if (value.isEmpty()) {
      throw new IllegalArgumentException("a container id is not empty");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
