package org.k3sjvm.kubelet.probe;

/** What one probe found. */
public sealed interface Answer {
  /** All is well. */
  record Good() implements Answer {}

  /** All is well as far as one can see; the text is for users. */
  record Warned(String output) implements Answer {}

  /** It is not; the text is for users. */
  record Bad(String output) implements Answer {}

  /**
   * The probe itself could not be made; it counts for nothing.
   *
   * @param state {@code unknown} or {@code failure}, as events say it
   */
  record Unsure(String state, String why) implements Answer {
    static Unsure unknown(String why) {
      return new Unsure("unknown", why);
    }
  }
}
