/**
 * The Kubernetes API without HTTP, for the controllers in this process. Open {@link
 * org.k3sjvm.server.api.local.LocalKubeApi} first. Rules are left to {@code api.registry}; nobody
 * is asked who they are. The port is {@link org.k3sjvm.kube.KubeApi}.
 */
@NullMarked
package org.k3sjvm.server.api.local;

import org.jspecify.annotations.NullMarked;
