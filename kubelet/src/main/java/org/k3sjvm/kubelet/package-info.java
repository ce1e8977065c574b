/**
 * The pods of one node, from the API server's wish to running containers and back as status. Open
 * {@link org.k3sjvm.kubelet.KubeletConfig} first. Joining a cluster, the runtime's process and the
 * network are left to other modules. The behaviour is that of the Kubernetes kubelet, v1.21 to
 * v1.36.
 */
@NullMarked
package org.k3sjvm.kubelet;

import org.jspecify.annotations.NullMarked;
