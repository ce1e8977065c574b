package org.k3sjvm.kubelet.probe;

/** What one probe found. */
public sealed interface Answer {
  /** All is well. */
  record Good() implements Answer {}

  /** It is not; the text is for users. */
  record Bad(String output) implements Answer {}

  /** The probe itself could not be made; it counts for nothing. */
  record Unsure(String why) implements Answer {}
}
