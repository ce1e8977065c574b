package org.k3sjvm.kubelet.pod;

/**
 * Marks the parts of an action that a newer wish may cut short. The rest runs to its end: a call
 * that makes something in the runtime, once abandoned, leaves the runtime to tidy up after itself.
 */
@FunctionalInterface
public interface Interrupts {
  /** Lets everything be interrupted by the thread's owner only. */
  Interrupts NONE = Step::run;

  /**
   * Runs a part that may be cut short.
   *
   * @throws InterruptedException when a newer wish came since the round began
   */
  void during(Step step) throws InterruptedException;

  /** A part of an action. */
  @FunctionalInterface
  interface Step {
    void run() throws InterruptedException;
  }
}
