package org.k3sjvm.kubelet.admission;

/**
 * Too little of one resource; amounts as messages show them, CPU in thousandths.
 *
 * @param requested by the pod
 * @param used by the pods that are here
 * @param capacity what pods may use in all
 */
record Shortage(String resource, long requested, long used, long capacity) {
  long missing() {
    return requested - (capacity - used);
  }

  Verdict.Rejected rejected() {
    return new Verdict.Rejected(
        "OutOf" + resource,
        "Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d"
            .formatted(resource, requested, used, capacity));
  }
}
