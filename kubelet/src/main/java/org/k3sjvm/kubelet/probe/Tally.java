package org.k3sjvm.kubelet.probe;

import org.k3sjvm.kubelet.pod.ProbeVerdicts.Verdict;

/**
 * Equal answers in a row, and the verdict so far.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/prober/worker.go, doProbe.
 *
 * @param last what the last answers were
 * @param count how many of them in a row
 * @param verdict unchanged until enough agree
 */
record Tally(Verdict last, int count, Verdict verdict) {
  static final Tally NONE = new Tally(Verdict.UNKNOWN, 0, Verdict.UNKNOWN);

  Tally with(boolean good, int successThreshold, int failureThreshold) {
    Verdict now = good ? Verdict.SUCCESS : Verdict.FAILURE;
    int run = now == last ? count + 1 : 1;
    boolean enough = run >= (good ? successThreshold : failureThreshold);
    return new Tally(now, run, enough ? now : verdict);
  }
}
