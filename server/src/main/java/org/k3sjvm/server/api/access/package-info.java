/**
 * Who asks, and what they may. Open {@link org.k3sjvm.server.api.access.Authorizer} first.
 * Certificates and tokens of the supervisor are left to {@code server.auth}. The rules are the node
 * authorizer and NodeRestriction of kube-apiserver v1.32, and what K3s agents need.
 */
@NullMarked
package org.k3sjvm.server.api.access;

import org.jspecify.annotations.NullMarked;
