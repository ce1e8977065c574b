package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/**
 * What every new pod gets: its service account with a token to mount, tolerations of a lost node,
 * its priority, the overhead of its runtime class. Source: kube-apiserver v1.32
 * plugin/pkg/admission (serviceaccount, defaulttolerationseconds, priority, runtimeclass).
 */
final class PodAdmission {
  static final String MIRROR = "kubernetes.io/config.mirror";
  private static final String TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
  private static final int TOKEN_SECONDS = 3607;
  private static final int FILE_MODE = 420;
  private static final int LOST_NODE_SECONDS = 300;

  private final Registry registry;

  PodAdmission(Registry registry) {
    this.registry = registry;
  }

  void admit(ObjectNode pod) {
    ObjectNode spec = Trees.child(pod, "spec");
    if (Meta.annotation(pod, MIRROR).isEmpty()) {
      serviceAccount(pod, spec);
    }
    tolerate(spec, "node.kubernetes.io/not-ready");
    tolerate(spec, "node.kubernetes.io/unreachable");
    priority(pod, spec);
    runtimeClass(pod, spec);
  }

  private void serviceAccount(ObjectNode pod, ObjectNode spec) {
    Trees.fill(spec, "serviceAccountName", "default");
    String name = Trees.text(spec, "serviceAccountName");
    spec.put("serviceAccount", name);
    String namespace = Meta.namespace(pod);
    ObjectNode account =
        registry
            .find(Kinds.SERVICE_ACCOUNT, namespace, name)
            .orElseThrow(
                () ->
                    ApiException.forbidden(
                        Kinds.POD,
                        Meta.name(pod),
                        "error looking up service account "
                            + namespace
                            + "/"
                            + name
                            + ": serviceaccount \""
                            + name
                            + "\" not found"));
    if (!spec.has("imagePullSecrets") && account.has("imagePullSecrets")) {
      spec.set("imagePullSecrets", account.get("imagePullSecrets"));
    }
    boolean mount =
        Trees.has(spec, "automountServiceAccountToken")
            ? spec.path("automountServiceAccountToken").asBoolean()
            : account.path("automountServiceAccountToken").asBoolean(true);
    if (mount) {
      mountToken(spec);
    }
  }

  private static void mountToken(ObjectNode spec) {
    Optional<String> volume = Optional.empty();
    for (ObjectNode existing : Trees.objects(spec, "volumes")) {
      if (Trees.text(existing, "name").startsWith("kube-api-access-")) {
        volume = Optional.of(Trees.text(existing, "name"));
      }
    }
    boolean fresh = volume.isEmpty();
    String name = volume.orElseGet(() -> "kube-api-access-" + Names.suffix());
    boolean used = false;
    for (String list : new String[] {"initContainers", "containers"}) {
      for (ObjectNode container : Trees.objects(spec, list)) {
        boolean mounted =
            Trees.find(Trees.list(container, "volumeMounts"), "mountPath", TOKEN_PATH).isPresent();
        if (!mounted) {
          used = true;
          Trees.list(container, "volumeMounts")
              .addObject()
              .put("name", name)
              .put("readOnly", true)
              .put("mountPath", TOKEN_PATH);
        }
      }
    }
    if (fresh && used) {
      addVolume(spec, name);
    }
  }

  private static void addVolume(ObjectNode spec, String name) {
    ObjectNode volume = Trees.list(spec, "volumes").addObject().put("name", name);
    ObjectNode projected = volume.putObject("projected").put("defaultMode", FILE_MODE);
    var sources = projected.putArray("sources");
    sources
        .addObject()
        .putObject("serviceAccountToken")
        .put("expirationSeconds", TOKEN_SECONDS)
        .put("path", "token");
    sources
        .addObject()
        .putObject("configMap")
        .put("name", "kube-root-ca.crt")
        .putArray("items")
        .addObject()
        .put("key", "ca.crt")
        .put("path", "ca.crt");
    ObjectNode item = sources.addObject().putObject("downwardAPI").putArray("items").addObject();
    item.put("path", "namespace");
    item.putObject("fieldRef").put("apiVersion", "v1").put("fieldPath", "metadata.namespace");
  }

  private static void tolerate(ObjectNode spec, String key) {
    List<ObjectNode> present = Trees.objects(spec, "tolerations");
    for (ObjectNode toleration : present) {
      String effect = Trees.text(toleration, "effect");
      String tolerated = Trees.text(toleration, "key");
      if ((tolerated.equals(key) || tolerated.isEmpty())
          && (effect.isEmpty() || effect.equals("NoExecute"))) {
        return;
      }
    }
    Trees.list(spec, "tolerations")
        .addObject()
        .put("key", key)
        .put("operator", "Exists")
        .put("effect", "NoExecute")
        .put("tolerationSeconds", LOST_NODE_SECONDS);
  }

  private void priority(ObjectNode pod, ObjectNode spec) {
    String name = Trees.text(spec, "priorityClassName");
    int priority = 0;
    String preemption = "PreemptLowerPriority";
    if (!name.isEmpty()) {
      ObjectNode found =
          registry
              .find(Kinds.PRIORITY_CLASS, "", name)
              .orElseThrow(
                  () ->
                      ApiException.forbidden(
                          Kinds.POD,
                          Meta.name(pod),
                          "no PriorityClass with name " + name + " was found"));
      priority = (int) Trees.number(found, "value");
      String policy = Trees.text(found, "preemptionPolicy");
      preemption = policy.isEmpty() ? preemption : policy;
    }
    spec.put("priority", priority);
    Trees.fill(spec, "preemptionPolicy", preemption);
  }

  private void runtimeClass(ObjectNode pod, ObjectNode spec) {
    String name = Trees.text(spec, "runtimeClassName");
    if (name.isEmpty()) {
      return;
    }
    ObjectNode found =
        registry
            .find(Kinds.RUNTIME_CLASS, "", name)
            .orElseThrow(
                () ->
                    ApiException.forbidden(
                        Kinds.POD,
                        Meta.name(pod),
                        "pod rejected: RuntimeClass \"" + name + "\" not found"));
    if (Trees.has(found, "overhead", "podFixed")) {
      spec.set("overhead", Trees.at(found, "overhead", "podFixed"));
    }
  }
}
