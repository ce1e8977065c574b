package org.k3sjvm.server.control;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;

/** The kubelets of all nodes: pods run and are ready at once, and end when asked to. */
public final class FakeKubelets implements Service {
  private final KubeApi api;
  private final Set<String> brokenImages = ConcurrentHashMap.newKeySet();
  private final Map<String, String> ending = new ConcurrentHashMap<>();

  public FakeKubelets(KubeApi api) {
    this.api = api;
  }

  /** Pods of that image never become ready. */
  public void cannotRun(String image) {
    brokenImages.add(image);
  }

  /** Pods of that image end at once. */
  public void ends(String image, boolean successfully) {
    ending.put(image, successfully ? "Succeeded" : "Failed");
  }

  @Override
  public void run() throws InterruptedException {
    new Reflector<>(api, Resources.PODS, Selection.ALL, this::take).run();
  }

  private void take(ReflectorEvent<Pod> event) throws InterruptedException {
    try {
      switch (event) {
        case ReflectorEvent.Added<Pod>(Pod pod) -> sync(pod);
        case ReflectorEvent.Modified<Pod>(Pod pod) -> sync(pod);
        case ReflectorEvent.Deleted<Pod> _,
            ReflectorEvent.Synced<Pod> _,
            ReflectorEvent.Recalled<Pod> _ -> {}
      }
    } catch (KubeException.NotFound | KubeException.Conflict e) {
      return; // gone meanwhile
    }
  }

  private void sync(Pod pod) throws InterruptedException {
    if (pod.getSpec().getNodeName() == null) {
      return;
    }
    ObjectName name = ObjectName.of(pod);
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      api.delete(Resources.PODS, name, DeleteRequest.now(pod.getMetadata().getUid()));
    } else if (pod.getStatus() == null
        || "Pending".equals(pod.getStatus().getPhase())
        || pod.getStatus().getPhase() == null) {
      String image = pod.getSpec().getContainers().getFirst().getImage();
      String phase = ending.getOrDefault(image, "Running");
      boolean ready = phase.equals("Running") && !brokenImages.contains(image);
      String text =
          "{'status': {'phase': '"
              + phase
              + "', 'podIP': '10.42.0.9', 'podIPs': [{'ip': '10.42.0.9'}],"
              + " 'conditions': [{'type': 'Ready', 'status': '"
              + (ready ? "True" : "False")
              + "', 'lastTransitionTime': '2026-01-01T00:00:00Z'}]}}";
      var _ =
          api.patchStatus(
              Resources.PODS,
              name,
              new Patch.Strategic(
                  KubeJson.read(
                      text.replace('\'', '"'), com.fasterxml.jackson.databind.JsonNode.class)));
    }
  }
}
