package org.k3sjvm.kubelet.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.http.Response;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.pod.PodLookup;
import org.k3sjvm.kubelet.translate.Labels;

/** {@code /pods}: what we know; {@code /runningpods/}: what the runtime shows. */
final class PodLists {
  private final PodLookup pods;
  private final ContainerRuntime runtime;

  PodLists(PodLookup pods, ContainerRuntime runtime) {
    this.pods = pods;
    this.runtime = runtime;
  }

  void pods(Response response) throws IOException {
    ObjectNode list = emptyList();
    ArrayNode items = list.putArray("items");
    for (Pod pod : pods.pods()) {
      items.add(KubeJson.mapper().<ObjectNode>valueToTree(pod));
    }
    send(response, list);
  }

  void runningPods(Response response) throws IOException, InterruptedException {
    ContainerFilter running =
        new ContainerFilter(
            Optional.empty(), Optional.empty(), Optional.of(ContainerState.RUNNING), Map.of());
    Map<String, ObjectNode> byUid = new LinkedHashMap<>();
    for (Container container : runtime.listContainers(running)) {
      Map<String, String> labels = container.labels();
      String uid = labels.getOrDefault(Labels.POD_UID, "");
      if (uid.isEmpty()) {
        continue;
      }
      ObjectNode pod = byUid.computeIfAbsent(uid, _ -> pod(uid, labels));
      ((ArrayNode) pod.path("spec").path("containers"))
          .addObject()
          .put("name", container.metadata().name())
          .put("image", container.image().image())
          .putObject("resources");
    }
    ObjectNode list = emptyList();
    list.putArray("items").addAll(List.copyOf(byUid.values()));
    send(response, list);
  }

  private static ObjectNode pod(String uid, Map<String, String> labels) {
    ObjectNode pod = KubeJson.mapper().createObjectNode();
    pod.putObject("metadata")
        .put("name", labels.getOrDefault(Labels.POD_NAME, ""))
        .put("namespace", labels.getOrDefault(Labels.POD_NAMESPACE, ""))
        .put("uid", uid)
        .putNull("creationTimestamp");
    pod.putObject("spec").putArray("containers");
    pod.putObject("status");
    return pod;
  }

  private static ObjectNode emptyList() {
    ObjectNode list = KubeJson.mapper().createObjectNode();
    list.put("kind", "PodList").put("apiVersion", "v1").putObject("metadata");
    return list;
  }

  private static void send(Response response, ObjectNode list) throws IOException {
    response.header("Content-Type", "application/json");
    response.send(list.toString().getBytes(StandardCharsets.UTF_8));
  }
}
