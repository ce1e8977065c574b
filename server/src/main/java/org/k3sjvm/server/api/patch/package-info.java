/**
 * Patches of objects: a pure function from object and patch to object. Open {@link
 * org.k3sjvm.server.api.patch.Patch} first. Concurrency and validation are left to {@code
 * api.registry}. The formats are RFC 6902, RFC 7386 and the strategic merge patch of the Kubernetes
 * API conventions.
 */
@NullMarked
package org.k3sjvm.server.api.patch;

import org.jspecify.annotations.NullMarked;
