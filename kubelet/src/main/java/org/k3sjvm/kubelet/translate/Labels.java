package org.k3sjvm.kubelet.translate;

import java.util.Map;
import org.k3sjvm.kubelet.pod.DesiredPod;

/**
 * How sandboxes and containers say whose they are; log collectors and other kubelets read them.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/types/labels.go and kuberuntime/labels.go.
 */
public final class Labels {
  public static final String POD_NAME = "io.kubernetes.pod.name";
  public static final String POD_NAMESPACE = "io.kubernetes.pod.namespace";
  public static final String POD_UID = "io.kubernetes.pod.uid";
  public static final String CONTAINER_NAME = "io.kubernetes.container.name";

  public static final String HASH = "io.kubernetes.container.hash";
  public static final String RESTART_COUNT = "io.kubernetes.container.restartCount";
  public static final String MESSAGE_PATH = "io.kubernetes.container.terminationMessagePath";
  public static final String MESSAGE_POLICY = "io.kubernetes.container.terminationMessagePolicy";
  public static final String PRE_STOP = "io.kubernetes.container.preStopHandler";
  public static final String PORTS = "io.kubernetes.container.ports";
  public static final String POD_GRACE = "io.kubernetes.pod.terminationGracePeriod";

  private Labels() {}

  /** Those that every sandbox and container of the pod carries. */
  public static Map<String, String> of(DesiredPod pod) {
    return Map.of(POD_NAME, pod.name(), POD_NAMESPACE, pod.namespace(), POD_UID, pod.uid().value());
  }
}
