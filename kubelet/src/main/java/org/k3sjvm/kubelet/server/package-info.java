/**
 * The kubelet's HTTPS API on port 10250: logs, exec, attach, port-forward, pods and numbers. Open
 * {@link org.k3sjvm.kubelet.server.KubeletServer} first. Pods come from {@link
 * org.k3sjvm.kubelet.pod.PodLookup}, the streams themselves from the container runtime's streaming
 * server. Behaviour follows kubelet v1.36.3 pkg/kubelet/server, as API servers from v1.21 on speak
 * to it.
 */
@NullMarked
package org.k3sjvm.kubelet.server;

import org.jspecify.annotations.NullMarked;
