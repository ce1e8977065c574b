/**
 * An API server in memory, for tests. Open {@link org.k3sjvm.kube.testing.FakeKubeApi} first.
 * Scheduling, controllers and validation are left to real servers. Its answers are checked against
 * the same contract as the HTTP client's.
 */
@NullMarked
package org.k3sjvm.kube.testing;

import org.jspecify.annotations.NullMarked;
