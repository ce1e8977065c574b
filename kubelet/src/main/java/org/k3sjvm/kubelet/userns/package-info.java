/**
 * User ids of the host that pods with a user namespace of their own get. Open {@link
 * org.k3sjvm.kubelet.userns.UserNamespaces} first. Making the namespace is left to the runtime.
 * Ranges and files are those of the Kubernetes kubelet v1.36, pkg/kubelet/userns.
 */
@NullMarked
package org.k3sjvm.kubelet.userns;

import org.jspecify.annotations.NullMarked;
