package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.PodStatus;

/**
 * What the API server should know.
 *
 * @param status the parts that the kubelet owns
 * @param finished whether nothing of the pod is left on the node that others could miss: a deleted
 *     pod's object may then go
 */
public record PodReport(DesiredPod desired, PodStatus status, boolean finished) {}
