/**
 * Environment variables of containers. Open {@link org.k3sjvm.kubelet.env.Environment} first.
 * Fetching the objects that variables come from is left to {@link
 * org.k3sjvm.kubelet.env.EnvObjects}'s implementation. Rules are those of the Kubernetes kubelet
 * v1.36, pkg/kubelet/kubelet_pods.go and envvars.
 */
@NullMarked
package org.k3sjvm.kubelet.env;

import org.jspecify.annotations.NullMarked;
