package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kubelet.admission.Verdict.Rejected;

/**
 * Decides whether this node takes a pod. The first check that fails gives the reason; a critical
 * pod that misses nothing but resources may push others off the node.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/lifecycle/predicate.go and handlers.go; the order is that of
 * kubelet.go, NewMainKubelet.
 */
public final class Admission {
  public static final String NODE_AFFINITY = "NodeAffinity";

  private static final String OS = "kubernetes.io/os";

  private Admission() {}

  /**
   * What is asked.
   *
   * @param pod with the resources that the node agreed to, if it did before
   * @param others that hold resources here, also those that are ending
   * @param here whether it holds its resources and ports already, from before the agent started:
   *     then they cannot be missing
   */
  public record Question(Pod pod, List<Pod> others, boolean here) {
    public Question {
      others = List.copyOf(others);
    }
  }

  /** The answer. Pure. */
  public static Verdict decide(Question question, NodeFacts node, Sysctls sysctls) {
    Pod pod = question.pod();
    Optional<Rejected> early = sysctls.check(pod.getSpec()).or(() -> system(pod, node));
    if (early.isPresent()) {
      return early.get();
    }
    List<Shortage> shortages =
        question.here() ? List.of() : Shortages.of(pod, question.others(), node.allocatable());
    List<Rejected> misfits = misfits(question, node);
    Optional<List<Pod>> victims = Optional.empty();
    if (!shortages.isEmpty()) {
      if (!PodKind.isCritical(pod)) {
        return shortages.getFirst().rejected();
      }
      if (misfits.isEmpty()) {
        victims = Preemption.victims(pod, question.others(), shortages);
        if (victims.isEmpty()) {
          return noVictims(shortages);
        }
      }
    }
    if (!misfits.isEmpty()) {
      return misfits.getFirst();
    }
    Optional<Rejected> late =
        (pending(pod) ? AppArmor.check(pod, node.appArmor()) : Optional.<Rejected>empty())
            .or(() -> DeclaredFeatures.check(pod, DeclaredFeatures.OFFERED));
    if (late.isPresent()) {
      return late.get();
    }
    return victims.<Verdict>map(Verdict.AfterPreempting::new).orElseGet(Verdict.Admitted::new);
  }

  private static Optional<Rejected> system(Pod pod, NodeFacts node) {
    PodSpec spec = pod.getSpec();
    Map<String, String> labels = pod.getMetadata().getLabels();
    String label = labels == null ? null : labels.get(OS);
    if (label != null && !label.equals(node.labels().get(OS))) {
      return rejected(
          "PodOSSelectorNodeLabelDoesNotMatch",
          "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label");
    }
    if (spec.getOs() != null && !"linux".equals(spec.getOs().getName())) {
      return rejected(
          "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS");
    }
    boolean strict =
        spec.getSecurityContext() != null
            && "Strict".equals(spec.getSecurityContext().getSupplementalGroupsPolicy());
    return strict && !node.strictGroups()
        ? rejected(
            "SupplementalGroupsPolicyNotSupported",
            "SupplementalGroupsPolicy=Strict is not supported in this node")
        : Optional.empty();
  }

  private static List<Rejected> misfits(Question question, NodeFacts node) {
    Pod pod = question.pod();
    PodSpec spec = pod.getSpec();
    List<Rejected> misfits = new ArrayList<>();
    if (!NodeSelectors.matches(spec, node)) {
      misfits.add(predicate(NODE_AFFINITY, "node(s) didn't match Pod's node affinity/selector"));
    }
    if (spec.getNodeName() != null
        && !spec.getNodeName().isEmpty()
        && !spec.getNodeName().equals(node.name())) {
      misfits.add(predicate("NodeName", "node(s) didn't match the requested node name"));
    }
    if (!question.here() && !HostPorts.free(pod, question.others())) {
      misfits.add(
          predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports"));
    }
    if (!PodKind.isStatic(pod) && !Taints.tolerated(spec, node.taints())) {
      misfits.add(predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate"));
    }
    return misfits;
  }

  private static Rejected noVictims(List<Shortage> shortages) {
    StringBuilder missing = new StringBuilder("[");
    shortages.forEach(
        s -> missing.append("(res: %s, q: %d), ".formatted(s.resource(), s.missing())));
    return new Rejected(
        "UnexpectedAdmissionError",
        "Unexpected error while attempting to recover from admission failure: preemption: error"
            + " finding a set of pods to preempt: no set of running pods found to reclaim"
            + " resources: "
            + missing
            + "]");
  }

  private static boolean pending(Pod pod) {
    return pod.getStatus() == null
        || pod.getStatus().getPhase() == null
        || pod.getStatus().getPhase().equals("Pending");
  }

  private static Rejected predicate(String name, String why) {
    return new Rejected(name, "Predicate " + name + " failed: " + why);
  }

  private static Optional<Rejected> rejected(String reason, String message) {
    return Optional.of(new Rejected(reason, message));
  }
}
