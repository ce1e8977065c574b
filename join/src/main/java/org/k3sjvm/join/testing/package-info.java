/**
 * A server to join without a cluster. Open {@link org.k3sjvm.join.testing.FakeSupervisor} first.
 * The Kubernetes API is left out. It answers as k3s v1.36.3 does, or as v1.21 when told.
 */
@NullMarked
package org.k3sjvm.join.testing;

import org.jspecify.annotations.NullMarked;
