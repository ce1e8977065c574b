package org.k3sjvm.server.control;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Map;
import org.k3sjvm.kube.KubeJson;

/** Objects for tests, as users write them. */
public final class Things {
  private Things() {}

  /** An object from JSON with single quotes. */
  public static <T extends HasMetadata> T read(Class<T> type, String json) {
    return KubeJson.read(json.replace('\'', '"'), type);
  }

  /** A ready node with 4 cores, 8 GiB and room for 110 pods. */
  public static Node node(String name) {
    return node(name, "4", "8Gi", 110);
  }

  public static Node node(String name, String cpu, String memory, int pods) {
    return read(
        Node.class,
        """
        {'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': '%s', 'uid': 'uid-%s',
         'labels': {'kubernetes.io/hostname': '%s'}}, 'spec': {},
         'status': {'allocatable': {'cpu': '%s', 'memory': '%s', 'pods': '%d'},
          'conditions': [{'type': 'Ready', 'status': 'True'}]}}
        """
            .formatted(name, name, name, cpu, memory, pods));
  }

  /** A pod in default with further fields of its spec, such as {@code 'nodeName': 'n1'}. */
  public static Pod pod(String name, String spec) {
    return read(
        Pod.class,
        """
        {'apiVersion': 'v1', 'kind': 'Pod',
         'metadata': {'name': '%s', 'namespace': 'default', 'uid': 'uid-%s'},
         'spec': {%s}, 'status': {'phase': 'Pending'}}
        """
            .formatted(name, name, spec));
  }

  public static Pod pod(String name) {
    return pod(name, "'containers': [{'name': 'c', 'image': 'busybox'}]");
  }

  /** A pod whose one container requests cpu and memory. */
  public static Pod pod(String name, String cpu, String memory) {
    return pod(
        name,
        "'containers': [{'name': 'c', 'resources': {'requests': {'cpu': '%s', 'memory': '%s'}}}]"
            .formatted(cpu, memory));
  }

  public static Pod labelled(Pod pod, Map<String, String> labels) {
    pod.getMetadata().setLabels(labels);
    return pod;
  }
}
