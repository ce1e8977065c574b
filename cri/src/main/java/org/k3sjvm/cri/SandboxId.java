package org.k3sjvm.cri;

/** The runtime's name for a pod sandbox. */
public record SandboxId(String value) {
  public SandboxId {
    if (value.isEmpty()) {
      throw new IllegalArgumentException("a sandbox id is not empty");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
