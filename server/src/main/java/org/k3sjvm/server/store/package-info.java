/**
 * Objects as bytes on SQLite, with one revision for all of them and watches. Open {@link
 * org.k3sjvm.server.store.ObjectStore} first. What the bytes mean is left to {@code server.api}.
 * The promises (linear revisions, optimistic concurrency, compaction, events in order) are those
 * that etcd gives an API server, see https://etcd.io/docs/v3.5/learning/api_guarantees/.
 */
@NullMarked
package org.k3sjvm.server.store;

import org.jspecify.annotations.NullMarked;
