package org.k3sjvm.kubelet.pod;

/** What a pod is known by on the node; a pod of the same name made later has another. */
public record PodUid(String value) {
  public PodUid {
    if (value.isEmpty()) {
      throw new IllegalArgumentException("a pod's uid is not empty");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
