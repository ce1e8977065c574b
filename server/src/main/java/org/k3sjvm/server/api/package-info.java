/**
 * The Kubernetes API on top of the store. Open {@link org.k3sjvm.server.api.ApiException} for the
 * errors, then the packages below: registry (what an object may be), rest (HTTP), access (who may).
 * Storing is left to {@code server.store}, acting to {@code server.control}. Behaviour follows the
 * Kubernetes API conventions and kube-apiserver v1.32.
 */
@NullMarked
package org.k3sjvm.server.api;

import org.jspecify.annotations.NullMarked;
