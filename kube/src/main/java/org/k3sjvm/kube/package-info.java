/**
 * A thin client of the Kubernetes API: get, list, watch, create, update, patch, delete. Open {@link
 * org.k3sjvm.kube.KubeApi} first, then {@link org.k3sjvm.kube.Reflector}. What the objects mean is
 * left to the callers. Behaviour comes from client-go v0.36 (tools/cache, rest) and the API
 * conventions.
 */
@NullMarked
package org.k3sjvm.kube;

import org.jspecify.annotations.NullMarked;
