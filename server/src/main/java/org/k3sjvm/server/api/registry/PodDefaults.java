package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.k3sjvm.server.api.tree.Trees;

/**
 * Defaults of pod specifications, of pods and templates alike. Source:
 * pkg/apis/core/v1/defaults.go.
 */
final class PodDefaults {
  private static final int FILE_MODE = 420; // 0644
  private static final int TOKEN_SECONDS = 3600;
  private static final int GRACE_SECONDS = 30;

  private PodDefaults() {}

  static void fill(ObjectNode spec) {
    Trees.fill(spec, "restartPolicy", "Always");
    Trees.fill(spec, "dnsPolicy", "ClusterFirst");
    Trees.fill(spec, "terminationGracePeriodSeconds", GRACE_SECONDS);
    if (Trees.number(spec, "terminationGracePeriodSeconds") < 0) {
      spec.put("terminationGracePeriodSeconds", 1L); // as kube-apiserver v1.36 reads it
    }
    Trees.fill(spec, "schedulerName", "default-scheduler");
    Trees.child(spec, "securityContext");
    String account = Trees.text(spec, "serviceAccountName");
    if (account.isEmpty()) {
      account = Trees.text(spec, "serviceAccount");
    }
    if (!account.isEmpty()) {
      spec.put("serviceAccountName", account).put("serviceAccount", account);
    }
    boolean hostNetwork = spec.path("hostNetwork").asBoolean(false);
    for (String list : new String[] {"containers", "initContainers", "ephemeralContainers"}) {
      for (ObjectNode container : Trees.objects(spec, list)) {
        container(container, hostNetwork, !list.equals("ephemeralContainers"));
      }
    }
    for (ObjectNode volume : Trees.objects(spec, "volumes")) {
      volume(volume);
    }
    for (ObjectNode constraint : Trees.objects(spec, "topologySpreadConstraints")) {
      Trees.fill(constraint, "whenUnsatisfiable", "DoNotSchedule");
    }
  }

  private static void container(ObjectNode container, boolean hostNetwork, boolean resources) {
    Trees.fill(container, "terminationMessagePath", "/dev/termination-log");
    Trees.fill(container, "terminationMessagePolicy", "File");
    Trees.fill(container, "imagePullPolicy", pullPolicy(Trees.text(container, "image")));
    for (ObjectNode port : Trees.objects(container, "ports")) {
      Trees.fill(port, "protocol", "TCP");
      if (hostNetwork && Trees.number(port, "hostPort") == 0) {
        port.set("hostPort", port.path("containerPort"));
      }
    }
    for (String name : new String[] {"livenessProbe", "readinessProbe", "startupProbe"}) {
      if (container.get(name) instanceof ObjectNode probe) {
        probe(probe);
      }
    }
    for (String name : new String[] {"postStart", "preStop"}) {
      if (Trees.at(container, "lifecycle", name, "httpGet") instanceof ObjectNode get) {
        httpGet(get);
      }
    }
    for (ObjectNode variable : Trees.objects(container, "env")) {
      if (Trees.at(variable, "valueFrom", "fieldRef") instanceof ObjectNode ref) {
        Trees.fill(ref, "apiVersion", "v1");
      }
    }
    if (resources) {
      requests(Trees.child(container, "resources"));
    }
  }

  /** A limit without a request is a request too. */
  private static void requests(ObjectNode resources) {
    for (Map.Entry<String, JsonNode> limit : Trees.at(resources, "limits").properties()) {
      ObjectNode requests = Trees.child(resources, "requests");
      if (!requests.has(limit.getKey())) {
        requests.set(limit.getKey(), limit.getValue());
      }
    }
  }

  static String pullPolicy(String image) {
    String name = image.substring(image.lastIndexOf('/') + 1);
    int digest = name.indexOf('@');
    String plain = digest < 0 ? name : name.substring(0, digest);
    int colon = plain.indexOf(':');
    boolean latest = colon < 0 ? digest < 0 : plain.substring(colon + 1).equals("latest");
    return latest ? "Always" : "IfNotPresent";
  }

  private static void probe(ObjectNode probe) {
    Trees.fill(probe, "timeoutSeconds", 1);
    Trees.fill(probe, "periodSeconds", 10);
    Trees.fill(probe, "successThreshold", 1);
    Trees.fill(probe, "failureThreshold", 3);
    if (probe.get("httpGet") instanceof ObjectNode get) {
      httpGet(get);
    }
    if (probe.get("grpc") instanceof ObjectNode grpc && !grpc.has("service")) {
      grpc.put("service", "");
    }
  }

  private static void httpGet(ObjectNode get) {
    Trees.fill(get, "path", "/");
    Trees.fill(get, "scheme", "HTTP");
  }

  private static void volume(ObjectNode volume) {
    if (volume.size() == 1) {
      volume.putObject("emptyDir");
    }
    for (String name : new String[] {"configMap", "secret", "downwardAPI", "projected"}) {
      if (volume.get(name) instanceof ObjectNode source) {
        Trees.fill(source, "defaultMode", FILE_MODE);
        downwardItems(source);
      }
    }
    if (volume.get("hostPath") instanceof ObjectNode path && !path.has("type")) {
      path.put("type", "");
    }
    for (ObjectNode source : Trees.objects(volume, "projected", "sources")) {
      if (source.get("serviceAccountToken") instanceof ObjectNode token) {
        Trees.fill(token, "expirationSeconds", TOKEN_SECONDS);
      }
      if (source.get("downwardAPI") instanceof ObjectNode downward) {
        downwardItems(downward);
      }
    }
  }

  private static void downwardItems(ObjectNode source) {
    for (ObjectNode item : Trees.objects(source, "items")) {
      if (item.get("fieldRef") instanceof ObjectNode ref) {
        Trees.fill(ref, "apiVersion", "v1");
      }
    }
  }
}
