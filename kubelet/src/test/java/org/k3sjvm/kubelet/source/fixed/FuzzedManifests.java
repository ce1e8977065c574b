package org.k3sjvm.kubelet.source.fixed;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.kubelet.resources.PodRequests;

/** Manifests of static pods, in files and behind URLs. */
public final class FuzzedManifests implements FuzzTargets {
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web, labels: {a: b}}
      spec:
        hostNetwork: true
        priorityClassName: system-node-critical
        securityContext: {runAsUser: 0, sysctls: [{name: net.core.somaxconn, value: "9"}]}
        containers:
        - name: web
          image: busybox
          command: ["sleep", "9"]
          ports: [{containerPort: 80, hostPort: 80, protocol: TCP}]
          env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
          resources: {requests: {cpu: 100m, memory: 1Gi}, limits: {cpu: "1", memory: 2Gi}}
          livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
          volumeMounts: [{name: v, mountPath: /v}]
        volumes:
        - name: v
          hostPath: {path: /tmp, type: Directory}
      """;

  private static final String LIST =
      """
      {"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a"},"spec":{"containers":[
      {"name":"c","image":"i"}]}},{"metadata":{"name":"b","uid":"u","namespace":"n"},
      "spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}]}
      """;

  @Override
  public List<FuzzTarget> targets() {
    Manifests manifests = new Manifests("node");
    return List.of(
        FuzzTarget.bytes(
                "manifest of a static pod",
                in -> weigh(manifests.ofFile(in, "/a.yaml")),
                ManifestException.class)
            .seeds(POD)
            .words("&a ", "*a", "<<: *a", "!!int ", "1e999999999", "Ki", "limits: {cpu: "),
        FuzzTarget.bytes(
                "manifest behind a URL",
                in -> manifests.ofUrl(in, "http://a").forEach(FuzzedManifests::weigh),
                ManifestException.class)
            .seeds(LIST, POD));
  }

  /** As admission does with what was read. */
  private static void weigh(Pod pod) {
    var _ = PodRequests.requests(pod);
    var _ = PodRequests.limits(pod.getSpec());
  }
}
