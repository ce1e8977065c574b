/**
 * Asking a pod over the network, as probes and lifecycle hooks want it done: plain sockets from the
 * host's network, one connection for each question. Open {@link org.k3sjvm.kubelet.handler.PodHttp}
 * first. When to ask, and what follows, is left to {@code probe} and {@code pod.effect}. Rules and
 * texts are those of Kubernetes v1.36 pkg/probe and Go's net/http.
 */
@NullMarked
package org.k3sjvm.kubelet.handler;

import org.jspecify.annotations.NullMarked;
