/**
 * What every controller shares: one cache per kind, a queue with backoff, events. Open {@link
 * org.k3sjvm.server.control.cluster.Cluster} first. What to do about an object is left to the
 * controllers. The shape is that of client-go v0.36 tools/cache and util/workqueue.
 */
@NullMarked
package org.k3sjvm.server.control.cluster;

import org.jspecify.annotations.NullMarked;
