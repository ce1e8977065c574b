package org.k3sjvm.server.api.access;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.registry.Admission;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/**
 * What a kubelet may write into the objects that it may write. Source: kube-apiserver v1.32
 * plugin/pkg/admission/noderestriction.
 */
public final class NodeRestriction implements Admission {
  private static final String MIRROR = "kubernetes.io/config.mirror";
  private static final Set<String> OWN_LABELS =
      Set.of(
          "kubernetes.io/hostname",
          "kubernetes.io/os",
          "kubernetes.io/arch",
          "beta.kubernetes.io/os",
          "beta.kubernetes.io/arch",
          "beta.kubernetes.io/instance-type",
          "node.kubernetes.io/instance-type",
          "topology.kubernetes.io/zone",
          "topology.kubernetes.io/region",
          "failure-domain.beta.kubernetes.io/zone",
          "failure-domain.beta.kubernetes.io/region");

  @Override
  public void admit(
      Operation operation, Target target, ObjectNode now, Optional<ObjectNode> before) {
    Optional<String> node = target.user().node();
    if (node.isEmpty()) {
      return;
    }
    switch (target.kind().resource()) {
      case "pods" -> pod(node.get(), operation, target, now, before);
      case "nodes" -> node(node.get(), operation, target, now, before);
      case "leases.coordination.k8s.io", "csinodes.storage.k8s.io" -> {
        if (!Meta.name(now).equals(node.get())) {
          throw refuse(target, now, "can only access objects with the same name as the node");
        }
      }
      default -> {}
    }
  }

  private static void pod(
      String node,
      Operation operation,
      Target target,
      ObjectNode now,
      Optional<ObjectNode> before) {
    switch (operation) {
      case CREATE -> mirror(node, target, now);
      case UPDATE -> {
        if (!target.subresource().equals("status")) {
          throw refuse(target, now, "can only update the status of pods");
        }
        requireOwnPod(node, target, now);
        if (!Meta.labels(now).equals(before.map(Meta::labels).orElseGet(Map::of))) {
          throw refuse(target, now, "cannot update labels through pod status");
        }
      }
      case DELETE -> requireOwnPod(node, target, now);
    }
  }

  private static void requireOwnPod(String node, Target target, ObjectNode pod) {
    if (!Trees.text(pod, "spec", "nodeName").equals(node)) {
      throw refuse(
          target,
          pod,
          "node \"" + node + "\" can only touch pods with spec.nodeName set to itself");
    }
  }

  private static void mirror(String node, Target target, ObjectNode pod) {
    if (Meta.annotation(pod, MIRROR).isEmpty()) {
      throw refuse(
          target,
          pod,
          "pod does not have \"" + MIRROR + "\" annotation, node can only create mirror pods");
    }
    requireOwnPod(node, target, pod);
    List<ObjectNode> owners = Meta.owners(pod);
    boolean owned =
        owners.size() == 1
            && Trees.text(owners.getFirst(), "kind").equals("Node")
            && Trees.text(owners.getFirst(), "name").equals(node)
            && owners.getFirst().path("controller").asBoolean(false)
            && !owners.getFirst().path("blockOwnerDeletion").asBoolean(false);
    if (!owned) {
      throw refuse(target, pod, "a mirror pod has its node as the only owner");
    }
    boolean tokens =
        Trees.objects(pod, "spec", "volumes").stream()
            .flatMap(volume -> Trees.objects(volume, "projected", "sources").stream())
            .anyMatch(
                source ->
                    source.has("serviceAccountToken")
                        || source.has("clusterTrustBundle")
                        || source.has("podCertificate"));
    boolean refers =
        !Trees.text(pod, "spec", "serviceAccountName").isEmpty()
            || tokens
            || !PodReferences.names(pod, "secrets").isEmpty()
            || !PodReferences.names(pod, "configmaps").isEmpty()
            || !PodReferences.names(pod, "persistentvolumeclaims").isEmpty()
            || Trees.has(pod, "spec", "resourceClaims");
    if (refers) {
      throw refuse(target, pod, "a mirror pod may not reference API objects");
    }
  }

  private static void node(
      String node,
      Operation operation,
      Target target,
      ObjectNode now,
      Optional<ObjectNode> before) {
    if (!Meta.name(now).equals(node) || operation == Operation.DELETE) {
      throw refuse(
          target,
          now,
          "node \"" + node + "\" is not allowed to modify node \"" + Meta.name(now) + "\"");
    }
    if (Trees.has(now, "spec", "configSource")) {
      throw refuse(target, now, "cannot set spec.configSource");
    }
    if (before.isPresent()) {
      if (!Trees.at(now, "spec", "taints").equals(Trees.at(before.get(), "spec", "taints"))) {
        throw refuse(target, now, "is not allowed to modify taints");
      }
      if (!Meta.owners(now).equals(Meta.owners(before.get()))) {
        throw refuse(target, now, "is not allowed to modify ownerReferences");
      }
    }
    Set<String> forbidden = new HashSet<>();
    Map<String, String> old = before.map(Meta::labels).orElseGet(Map::of);
    Map<String, String> labels = Meta.labels(now);
    Set<String> all = new HashSet<>(old.keySet());
    all.addAll(labels.keySet());
    for (String label : all) {
      boolean changed = !labels.getOrDefault(label, "\0").equals(old.getOrDefault(label, "\0"));
      if (changed && !mayLabel(label)) {
        forbidden.add(label);
      }
    }
    if (!forbidden.isEmpty()) {
      throw refuse(target, now, "is not allowed to modify labels: " + String.join(", ", forbidden));
    }
  }

  static boolean mayLabel(String label) {
    int slash = label.indexOf('/');
    String domain = slash < 0 ? "" : label.substring(0, slash);
    if (domain.equals("node-restriction.kubernetes.io")
        || domain.endsWith(".node-restriction.kubernetes.io")) {
      return false;
    }
    boolean kubernetes = within(domain, "kubernetes.io") || within(domain, "k8s.io");
    return !kubernetes
        || OWN_LABELS.contains(label)
        || within(domain, "kubelet.kubernetes.io")
        || within(domain, "node.kubernetes.io");
  }

  private static boolean within(String domain, String parent) {
    return domain.equals(parent) || domain.endsWith("." + parent);
  }

  private static ApiException refuse(Target target, ObjectNode object, String why) {
    return ApiException.forbidden(target.kind(), Meta.name(object), why);
  }
}
