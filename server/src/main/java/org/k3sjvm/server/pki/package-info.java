/**
 * The cluster's authorities, keys and tokens on disk. Open {@link org.k3sjvm.server.pki.ClusterPki}
 * first. Handing certificates out is left to {@code server.supervisor}, believing them to {@code
 * server.auth}. File names, subjects and lifetimes follow k3s v1.36.3 pkg/daemons/control/deps.
 */
@NullMarked
package org.k3sjvm.server.pki;

import org.jspecify.annotations.NullMarked;
