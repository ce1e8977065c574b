/**
 * What an object may be and become: defaults, validation, admission, concurrency and deletion. Open
 * {@link org.k3sjvm.server.api.registry.Registry} first. HTTP is left to {@code api.rest}, who may
 * do it to {@code api.access}. The rules are those of kube-apiserver v1.32 pkg/registry and
 * pkg/apis.
 */
@NullMarked
package org.k3sjvm.server.api.registry;

import org.jspecify.annotations.NullMarked;
