package org.k3sjvm.kubelet.trace;

import io.fabric8.kubernetes.api.model.PodStatus;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.pod.ActionResult;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Interrupts;
import org.k3sjvm.kubelet.pod.PodAction;
import org.k3sjvm.kubelet.pod.PodEffects;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodOutput;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;

/** Stands before the ports of the pod workers and notes when a step of a start is done. */
public final class Timed {
  private Timed() {}

  /** Notes actions that are done. */
  public static PodEffects effects(PodEffects inner, PodStarts starts) {
    return (DesiredPod pod, PodAction action, Interrupts interrupts) -> {
      ActionResult result = inner.carryOut(pod, action, interrupts);
      if (result.equals(ActionResult.DONE)) {
        switch (action) {
          case PodAction.Prepare _ -> starts.reached(pod.uid(), StartStep.PREPARED);
          case PodAction.MountVolumes _ -> starts.reached(pod.uid(), StartStep.VOLUMES);
          case PodAction.CreateSandbox _ -> starts.reached(pod.uid(), StartStep.SANDBOX);
          default -> {}
        }
      }
      return result;
    };
  }

  /** Notes what is told about containers, and the moment of Ready. */
  public static PodOutput output(PodOutput inner, PodStarts starts) {
    return new PodOutput() {
      @Override
      public void report(PodReport report) {
        if (isReady(report.status())) {
          starts.reached(report.desired().uid(), StartStep.READY);
        }
        inner.report(report);
      }

      @Override
      public void event(DesiredPod pod, PodEvent event) {
        switch (event.reason()) {
          case "Pulled" -> starts.reached(pod.uid(), StartStep.PULLED);
          case "Created" -> starts.reached(pod.uid(), StartStep.CREATED);
          case "Started" -> starts.reached(pod.uid(), StartStep.STARTED);
          default -> {}
        }
        inner.event(pod, event);
      }

      @Override
      public void forget(DesiredPod pod) {
        inner.forget(pod);
      }

      @Override
      public void resized(DesiredPod pod) {
        inner.resized(pod);
      }

      @Override
      public void over(PodUid uid) {
        inner.over(uid);
      }
    };
  }

  /** Whether a status says that the pod serves. */
  public static boolean isReady(@Nullable PodStatus status) {
    return status != null
        && status.getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }
}
